"""What a program knows of its own asyncio tasks, to be compared with what a debugger sees.

A program calls ready() when all is set going, and then blocks as it would without us. A thread
waits until no task moves any more, writes the report as JSON to the file that $AIODBG_REPORT
names (if any), prints "READY <pid>" and ends.

The report must not change what it reports: asking a task for its name turns the int kept for a
default name into a str, and asking a coroutine for its frame creates a frame object. So the
asking is done in a forked copy of the process, where every object has the same address. Only
what a fork loses, the threads and what they are executing, is taken before.

The keys are those of the debugger's own JSON. Besides there are "woken", which is what the
callbacks say of who awaits a task, and "recorded", what asyncio itself keeps since 3.14.
"""
import asyncio
import gc
import itertools
import json
import os
import sys
import threading
import time
import types
import warnings

import awaiters

# Python 3.12+ warns about a fork in a process with threads.
warnings.simplefilter("ignore", DeprecationWarning)

# What is asked of asyncio.format_call_graph() (3.14+): each task with the first, and with one of
# the others in turn.
GRAPH_OPTIONS = ({}, {"limit": 1}, {"limit": -1}, {"limit": 0}, {"limit": 2}, {"depth": 3})
# It writes each way to an awaiter in full, and calls itself for each awaiter.
GRAPH_WAYS_MAX = 500
GRAPH_DEPTH_MAX = 100

# Graphs that the program itself has written, of what it was executing.
graphs = []
# Lines that `asyncio task` has to write, of tasks that the program knows: {"id", "lines"}.
details = []

QUIET_SECONDS = 0.03
QUIET_ROUNDS = 3


def ready(also=(), parts=(), last=None):
    """Start the report and return at once.

    also: tasks that asyncio.all_tasks() does not know, such as pure-Python ones on 3.14.
    parts: what collect() returned in other interpreters.
    last: called when the report is written, and before it says so.
    """
    arguments = (list(also), list(parts), last)
    threading.Thread(target=write_report, args=arguments, name="report", daemon=True).start()


def write_report(also, parts, last):
    wait_until_quiet(also)
    path = os.environ.get("AIODBG_REPORT")
    if path:
        known = Known(also)
        if parts:
            # A copy of a process with subinterpreters crashes right after the fork.
            write(path, [known.describe()] + parts)
        else:
            write_from_copy(path, known)
    if last:
        last()
    os.write(1, b"READY %d\n" % os.getpid())


def write_from_copy(path, known):
    """Write the report from a forked copy of the process."""
    child = os.fork()
    if child == 0:
        try:
            write(path, [known.describe()])
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0, "the forked copy ended with %d" % status


def write(path, parts):
    whole = {"python": sys.version, "hexversion": sys.hexversion}
    whole.update({"threads": [], "tasks": [], "graphs": list(graphs), "details": details})
    for part in parts:
        for key, items in part.items():
            whole[key] += items
    with open(path + ".new", "w") as out:
        json.dump(whole, out, indent=1)
    os.rename(path + ".new", path)


def wait_until_quiet(also):
    """Return when nothing has moved for a while."""
    before, same = None, 0
    while same < QUIET_ROUNDS:
        now = {(id(task), waits_for(task), is_executing(task)) for task in all_tasks(also)}
        same = same + 1 if now == before else 0
        before = now
        time.sleep(QUIET_SECONDS)


def waits_for(task):
    waiter = getattr(task, "_fut_waiter", None)
    return waiter is not None and (id(waiter), waiter.done())


def all_loops():
    return [o for o in gc.get_objects() if issubclass(type(o), asyncio.AbstractEventLoop)]


def all_tasks(also):
    tasks = {id(task): task for task in also}
    for loop in all_loops():
        tasks.update((id(task), task) for task in asyncio.all_tasks(loop))
    return list(tasks.values())


def collect(interpreter):
    """What ready() would write, as text: for an interpreter that cannot fork."""
    return json.dumps(Known((), interpreter).describe())


class Known:
    """Tasks, loops and threads as they are now; a fork loses the threads and their task lists."""

    def __init__(self, also, interpreter=0):
        self.interpreter = interpreter
        self.tasks = all_tasks(also)
        self.loops = all_loops()
        self.current = {id(loop): asyncio.current_task(loop) for loop in self.loops}
        self.tids = {thread.ident: thread.native_id for thread in threading.enumerate()}
        self.tids[threading.get_ident()] = threading.get_native_id()
        self.executing = executing_stacks(self.tasks)

    def describe(self):
        return {
            "threads": [self.thread(loop) for loop in self.loops if loop.is_running()],
            "tasks": [self.task(task) for task in self.tasks],
            "graphs": list(self.graphs()),
        }

    def graphs(self):
        """What asyncio itself writes of tasks that it can write of: not of what is executed."""
        if not hasattr(asyncio, "format_call_graph") or self.interpreter:
            return
        for index, task in enumerate(self.tasks):
            if isinstance(task, asyncio.Future) and is_small(task):
                others = 1 + index % (len(GRAPH_OPTIONS) - 1)
                for options in (GRAPH_OPTIONS[0], GRAPH_OPTIONS[others]):
                    if not self.is_above_executed(task):
                        yield graph(task, options)

    def is_above_executed(self, task):
        """True if what is executed, which a fork loses, would be written."""
        seen, rest = set(), [task]
        while rest:
            one = rest.pop()
            if id(one) not in seen:
                seen.add(id(one))
                rest += one._asyncio_awaited_by or ()
        return not seen.isdisjoint(self.executing)

    def thread(self, loop):
        running = self.current[id(loop)]
        return {
            "tid": self.tids.get(loop._thread_id),
            "interpreter": self.interpreter,
            "loop": hex(id(loop)),
            "running_task": None if running is None else hex(id(running)),
        }

    def task(self, task):
        loop = task.get_loop()
        stack = self.executing.get(id(task))
        return {
            "id": hex(id(task)),
            "name": name_of(task),
            "type": type(task).__name__,
            "tid": self.tids.get(loop._thread_id),
            "interpreter": self.interpreter,
            "loop": hex(id(loop)),
            "state": task._state.lower() if stack is None else "running",
            "cancel_requests": task.cancelling() if hasattr(task, "cancelling") else None,
            "stack": suspended_stack(task.get_coro()) if stack is None else stack,
            "woken": awaiters.woken_by(task),
            "recorded": awaiters.recorded(task),
        }


def graph(task, options):
    """An entry of the report: task, as asyncio.format_call_graph() writes it with options."""
    text = asyncio.format_call_graph(task, **options)
    return {"id": hex(id(task)), "options": options, "text": text}


def is_small(future, left=None, above=()):
    """True if few ways lead to awaiters, none of them long or a circle."""
    left = [GRAPH_WAYS_MAX] if left is None else left
    left[0] -= 1
    if left[0] < 0 or len(above) > GRAPH_DEPTH_MAX or future in above:
        return False
    awaiters_of_it = future._asyncio_awaited_by or ()
    return all(is_small(awaiter, left, above + (future,)) for awaiter in awaiters_of_it)


def name_of(task):
    """The name, without asking for it: get_name() makes a str of a default name."""
    if hasattr(task, "_name"):  # not written in C
        return task._name
    known = gc.get_referents(task)
    position = next(i for i, o in enumerate(known) if o is task.get_coro())
    name = known[position + 1]
    return "Task-%d" % name if isinstance(name, int) else name


# Stacks, innermost frame first.


GENERATORS = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)


def suspended_stack(awaited):
    """The frames of a suspended coroutine and of all that it awaits."""
    found = []
    while awaited is not None:
        if isinstance(awaited, types.CoroutineType):
            frame, after = awaited.cr_frame, awaited.cr_await
        elif isinstance(awaited, types.AsyncGeneratorType):
            frame, after = awaited.ag_frame, awaited.ag_await
        elif isinstance(awaited, types.GeneratorType):
            frame, after = awaited.gi_frame, awaited.gi_yieldfrom
        else:
            found[:0] = foreign_entries(awaited)
            awaited = wrapped_by(awaited)
            continue
        if frame is not None:
            found.insert(0, frame_entry(frame, awaited.__qualname__))
        awaited = after
    return found


WRAPPERS = {
    "coroutine_wrapper": types.CoroutineType,
    "async_generator_asend": types.AsyncGeneratorType,
    "async_generator_athrow": types.AsyncGeneratorType,
    "anext_awaitable": object,
}


def foreign_entries(awaited):
    """What stands for an object that goes on as it likes: none for the interpreter's own."""
    name = type(awaited).__name__
    if name in WRAPPERS or name == "FutureIter" or isinstance(awaited, asyncio.Future):
        return []
    entry = dict.fromkeys(("file", "line", "end_line", "column", "end_column"))
    return [dict(entry, function="%s at %#x" % (name, id(awaited)), kind="foreign")]


def wrapped_by(awaited):
    """What one of the interpreter's own wrappers stands for; None at the end of the chain."""
    wanted = WRAPPERS.get(type(awaited).__name__)
    if wanted is None:
        return None
    return next(o for o in gc.get_referents(awaited) if isinstance(o, wanted) and o is not wanted)


def executing_stacks(tasks):
    """For each task that a thread is executing: its part of that thread's stack, by task id.

    More than one task of a thread has such a part if one is in the first step of an eager task
    that another has created.
    """
    owners = {id(coroutine_frame(task)): task for task in tasks if is_executing(task)}
    names = generator_names() if owners else {}
    stacks = {}
    for frame in sys._current_frames().values() if owners else ():
        part = []
        while frame is not None:
            part.append(frame_entry(frame, names.get(id(frame), frame.f_code.co_name)))
            if id(frame) in owners:
                stacks[id(owners[id(frame)])] = part
                part = []
            frame = frame.f_back
    return stacks


def generator_names():
    """What the frames of generators and coroutines are called, before codes had long names."""
    if hasattr(generator_names.__code__, "co_qualname"):
        return {}
    attributes = {
        types.CoroutineType: "cr_frame",
        types.GeneratorType: "gi_frame",
        types.AsyncGeneratorType: "ag_frame",
    }
    return {
        id(getattr(o, attributes[type(o)])): o.__qualname__
        for o in gc.get_objects()
        if type(o) in attributes
    }


def own_generator(task):
    """The coroutine or generator that a task runs: its coroutine may be a wrapper of one."""
    coro = task.get_coro()
    while coro is not None and not isinstance(coro, GENERATORS):
        coro = wrapped_by(coro)
    return coro


def is_executing(task):
    coro = own_generator(task)
    names = ("cr_running", "gi_running")
    if isinstance(coro, types.AsyncGeneratorType):
        # ag_running is True until the step ends, also while it awaits.
        return coro.ag_running and coro.ag_await is None
    return any(getattr(coro, name, False) for name in names)


def coroutine_frame(task):
    coro = own_generator(task)
    names = ("cr_frame", "gi_frame", "ag_frame")
    return next(getattr(coro, name) for name in names if hasattr(coro, name))


def frame_entry(frame, name):
    code = frame.f_code
    positions = (frame.f_lineno, None, None, None)
    if hasattr(code, "co_positions"):
        positions = next(itertools.islice(code.co_positions(), max(frame.f_lasti, 0) // 2, None))
    line, end_line, column, end_column = positions
    return {
        "function": getattr(code, "co_qualname", name),
        "file": code.co_filename,
        "kind": kind_of(code),
        "line": line,
        "end_line": end_line,
        "column": column,
        "end_column": end_column,
    }


def kind_of(code):
    kinds = {0x20: "generator", 0x80: "coroutine", 0x200: "async_generator"}
    return next((kind for flag, kind in kinds.items() if code.co_flags & flag), "function")
