# SPDX-License-Identifier: MIT
"""asyncio tasks of a CPython process or core file, from Python inside GDB and LLDB.

    (gdb) python import aiodbg
    (gdb) python print(max(aiodbg.snapshot().tasks, key=lambda task: len(task.stack)))

snapshot() decodes all tasks of what is selected in the debugger; nothing is executed there. What
it returns has the names of `asyncio ps --json`. capture_call_graph() and its like do what those of
that name in the module asyncio do inside a program.
"""

# For the front-ends, and for programs that bring their own target.
from .binding import (  # noqa: F401
    INTERFACE,
    ByteOrder,
    Command,
    Error,
    Library,
    LibraryError,
    Mapping,
    MemoryFault,
    NoTarget,
    Region,
    Sink,
    Status,
    Target,
    TargetKind,
    WordKind,
    charset_name,
    displayable,
    load_library,
    run_line,
    split_line,
    usage_line,
)
from .callgraph import (
    FrameCallGraphEntry,
    Future,
    FutureCallGraph,
    capture_call_graph,
    format_call_graph,
    print_call_graph,
)
from .completion import PartialLine, complete, snapshot_in_time  # noqa: F401
from .debugger import set_debugger  # noqa: F401
from .objects import Awaiter, Frame, Origin, Problem, Python, Snapshot, Task, Thread, snapshot

__all__ = [
    "Awaiter",
    "Error",
    "Frame",
    "FrameCallGraphEntry",
    "Future",
    "FutureCallGraph",
    "Origin",
    "Problem",
    "Python",
    "Snapshot",
    "Task",
    "Thread",
    "capture_call_graph",
    "format_call_graph",
    "print_call_graph",
    "snapshot",
]
