# SPDX-License-Identifier: MIT
"""asyncio tasks of a CPython process or core file, from Python inside GDB and LLDB.

    (gdb) python import aiodbg
    (gdb) python print(max(aiodbg.snapshot().tasks, key=lambda task: len(task.stack)))

snapshot() decodes all tasks of what is selected in the debugger; nothing is executed there. What
it returns has the names of `asyncio ps --json`. capture_call_graph() and its like do what those of
that name in the module asyncio do inside a program.

snapshot(waits=True) also knows what each task waits for, and what is wrong:

    (gdb) python snapshot = aiodbg.snapshot(waits=True)
    (gdb) python print(snapshot.verdicts[0].summary)
    (gdb) python print(snapshot.task("req-4711").waits_for.text)
    (gdb) python print(snapshot.task("req-4711").locals()[0])
    (gdb) python print([loop.state for loop in snapshot.loops])
    (gdb) python print(*snapshot.threads[0].stack, sep="\\n")

In LLDB these lines begin with `script`. Without a debugger, snapshot(pid=PID) reads a process of this
machine from any Python, and snapshot(core=FILE) a core file.
"""

# Not only what users need: also what front-ends need, and programs that bring their own target.
from .callgraph import (
    FrameCallGraphEntry,
    Future,
    FutureCallGraph,
    capture_call_graph,
    format_call_graph,
    print_call_graph,
)
from .completion import PartialLine, complete, complete_word, snapshot_in_time  # noqa: F401
from .debugger import set_debugger  # noqa: F401
from .frontend import (  # noqa: F401
    ProgressLines,
    charset_name,
    displayable,
    run_line,
    split_line,
    usage_line,
)
from .library import Command, Error, Library, LibraryError, Setting  # noqa: F401
from .load import load_library  # noqa: F401
from .mirror import INTERFACE, ByteOrder, Role, Status, TargetKind, WordKind  # noqa: F401
from .objects import Awaiter, Frame, Origin, Problem, Python, Snapshot, Task, Thread, snapshot
from .target import Mapping, MemoryFault, NoTarget, Region, Sink, Target  # noqa: F401
from .waits import Holder, Loop, Verdict, Wait

__all__ = [
    "Awaiter",
    "Error",
    "Frame",
    "FrameCallGraphEntry",
    "Future",
    "FutureCallGraph",
    "Holder",
    "Loop",
    "Origin",
    "Problem",
    "Python",
    "Snapshot",
    "Task",
    "Thread",
    "Verdict",
    "Wait",
    "capture_call_graph",
    "format_call_graph",
    "print_call_graph",
    "snapshot",
]
