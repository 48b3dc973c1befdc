"""What a service on a framework knows of its own tasks while requests are in flight.

The service calls arrived() in each handler and in_flight() when it has sent all requests. That
starts a thread, which waits until nothing moves, writes the report to the file $AIODBG_REPORT and
prints "READY <pid>". The process then stays for LIFETIME seconds at most.

Options of every service:
  --uvloop       where the service can: on uvloop
  --block WHERE  block the loop's thread in hold(), called by a handler, by greenlet code under
                 run_sync, by a call_later callback, or by a callback that Cython has compiled
"""
import argparse
import asyncio
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import types
import warnings

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import awaiters  # noqa: E402
from report import frame_entry  # noqa: E402

LIFETIME = 900
SECONDS = 30
QUIET_SECONDS = 0.1
QUIET_ROUNDS = 3
# A notebook's kernel has a sys.stdout of its own.
OUTPUT = os.dup(1)

signal.alarm(LIFETIME)

parser = argparse.ArgumentParser()
parser.add_argument("--uvloop", action="store_true")
parser.add_argument("--block", choices=("handler", "run_sync", "call_later", "cython"))
options, _ = parser.parse_known_args()

arrivals = []


def arrived(what):
    """A handler, or what it calls, is about to wait."""
    arrivals.append(what)


async def in_flight(*wanted):
    """Return when the handlers wanted have arrived, some of them maybe more than once."""
    deadline = time.monotonic() + SECONDS
    while sorted(arrivals) != sorted(wanted):
        if time.monotonic() > deadline:
            die("arrived: %s, wanted: %s" % (sorted(arrivals), sorted(wanted)))
        await asyncio.sleep(0.01)
    if options.block == "call_later":
        asyncio.get_running_loop().call_later(0.1, forgotten)
    ready()


def ready():
    threading.Thread(target=write_report, name="report", daemon=True).start()


def die(message):
    os.write(OUTPUT, (message + "\n").encode())
    os._exit(1)


def hold():
    """Block this thread, as a forgotten synchronous call does."""
    time.sleep(LIFETIME)


def forgotten():
    hold()


def rest():
    """The same where nobody minds: in a worker thread."""
    threading.Event().wait(LIFETIME)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


async def listening(port):
    """Return when somebody accepts connections there."""
    for _ in range(SECONDS * 100):
        try:
            writer = (await asyncio.open_connection("127.0.0.1", port))[1]
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.close()
        await writer.wait_closed()
        return
    die("nothing listens on port %d" % port)


# The report.


def write_report():
    try:
        whole = quiet_report()
        path = os.environ.get("AIODBG_REPORT")
        if path:
            with open(path + ".new", "w") as out:
                json.dump(whole, out, indent=1)
            os.rename(path + ".new", path)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os.write(OUTPUT, b"READY %d\n" % os.getpid())


def quiet_report():
    """The report, when it has not changed for a while and what was to block blocks."""
    deadline = time.monotonic() + SECONDS
    before, same = None, 0
    while same < QUIET_ROUNDS:
        if time.monotonic() > deadline:
            die("does not become quiet")
        now = describe()
        good = now == before and bool(now["blocked"]) == bool(options.block)
        same = same + 1 if good else 0
        before = now
        time.sleep(QUIET_SECONDS)
    return before


def describe():
    threads = {ident: thread_frames(frame) for ident, frame in sys._current_frames().items()}
    tasks = {}
    for loop in objects_of(asyncio.AbstractEventLoop):
        tasks.update((id(task), task) for task in asyncio.all_tasks(loop))
    parents = anyio_parents()
    executing = executing_stacks(list(tasks.values()), threads)
    return {
        "python": sys.version,
        "tasks": [describe_task(tasks[one], executing, parents) for one in sorted(tasks)],
        "blocked": blocked_thread(threads),
    }


def describe_task(task, executing, parents):
    stack = executing.get(id(task))
    return {
        "id": hex(id(task)),
        "name": task.get_name(),
        "loop": hex(id(task.get_loop())),
        "state": "pending" if stack is None else "running",
        "stack": suspended_stack(task.get_coro()) if stack is None else stack,
        "awaited_by": sorted(all_awaiters(task, parents)),
    }


def all_awaiters(task, parents):
    """Ids of the tasks that callbacks, asyncio's own record and anyio's name."""
    woken = {one["id"] for one in awaiters.woken_by(task) if one["kind"] == "task"}
    return woken | set(awaiters.recorded(task) or ()) | parents.get(id(task), set())


def anyio_parents():
    """For each task, the one whose task group has started it."""
    backend = sys.modules.get("anyio._backends._asyncio")
    tasks = list(backend._task_states.items()) if backend else []
    alive = {id(task) for task, _ in tasks if not task.done()}
    return {
        id(task): {hex(state.parent_id)} for task, state in tasks if state.parent_id in alive
    }


def blocked_thread(threads):
    """The thread that hold() blocks: its name and all its frames, innermost first."""
    for thread in threading.enumerate():
        frames = threads.get(thread.ident, ())
        if any(frame.f_code is hold.__code__ for frame in frames):
            stack = [frame_entry(frame, frame.f_code.co_name) for frame in frames]
            return {"tid": thread.native_id, "name": thread.name, "stack": stack}
    return None


def objects_of(kind):
    return [one for one in gc.get_objects() if issubclass(type(one), kind)]


# Stacks, innermost frame first.

PREFIXES = {types.CoroutineType: "cr", types.AsyncGeneratorType: "ag", types.GeneratorType: "gi"}


async def _generates():
    yield


async def _rests():
    pass


def _wrapper_types():
    """The interpreter's own wrappers. Cython's have the same names, so names tell nothing."""
    coroutine, steps = _rests(), _generates()
    wrappers = [coroutine.__await__(), steps.asend(None), steps.aclose()]
    if sys.version_info >= (3, 10):
        wrappers.append(anext(steps, None))  # noqa: F821
    with warnings.catch_warnings():
        # They are never awaited.
        warnings.simplefilter("ignore")
        found = tuple(type(one) for one in wrappers)
        coroutine.close()
        del coroutine, wrappers
    return found


WRAPPERS = _wrapper_types()


def suspended_stack(awaited):
    """The frames of a suspended coroutine and of all that it awaits."""
    found = []
    while awaited is not None:
        entries, awaited = step(awaited)
        found[:0] = entries
    return found


def step(awaited):
    """The entries of one link of a chain of awaits, and what it awaits."""
    prefix = PREFIXES.get(type(awaited))
    if prefix:
        frame = getattr(awaited, prefix + "_frame")
        entries = [frame_entry(frame, awaited.__qualname__)] if frame else []
        after = "gi_yieldfrom" if prefix == "gi" else prefix + "_await"
        return greenlet_entries(frame) + entries, getattr(awaited, after)
    if type(awaited) in WRAPPERS:
        kinds = tuple(PREFIXES) + WRAPPERS
        return [], next((o for o in gc.get_referents(awaited) if type(o) in kinds), None)
    return compiled_step(awaited)


COMPILED = ("coroutine", "iterable_coroutine", "generator", "async_generator")
COMPILED_WRAPPERS = ("coroutine_wrapper", "async_generator_asend", "async_generator_athrow")


def compiled_step(awaited):
    """The same for what Cython compiles. From 3.0 on "_cython_3_1_6." precedes the names."""
    kind = type(awaited)
    name = kind.__name__.rpartition(".")[2]
    if name in COMPILED_WRAPPERS:
        names = [type(one).__name__.rpartition(".")[2] for one in gc.get_referents(awaited)]
        position = next((i for i, one in enumerate(names) if one in COMPILED), None)
        return [], None if position is None else gc.get_referents(awaited)[position]
    if name not in COMPILED:
        return [], None
    after = next(one for one in ("cr_await", "ag_await", "gi_yieldfrom") if hasattr(kind, one))
    entry = {"function": awaited.__qualname__, "compiled": kind.__name__}
    return [entry], getattr(awaited, after)


def greenlet_entries(frame):
    """What runs between SQLAlchemy's greenlet_spawn() and the coroutine that it awaits next."""
    if frame is None or frame.f_code.co_name != "greenlet_spawn":
        return []
    inner = frame.f_locals["context"].gr_frame
    return [frame_entry(one, one.f_code.co_name) for one in frames_from(inner)]


def frames_from(frame):
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def thread_frames(frame):
    """All frames of a thread, also below the greenlet that it runs."""
    found = frames_from(frame)
    if "greenlet" not in sys.modules or found[0].f_code is not hold.__code__:
        return found
    for one in objects_of(sys.modules["greenlet"].greenlet):
        # Active and without a frame of its own: it runs. Its parent is below it.
        if one and one.gr_frame is None and one.parent:
            found += frames_from(one.parent.gr_frame)
    return found


def executing_stacks(tasks, threads):
    """For each task that a thread is executing, its part of that thread's stack, by task id."""
    running = [task for task in tasks if is_executing(task.get_coro())]
    owners = {id(own_frame(task.get_coro())): task for task in running}
    stacks = {}
    for frames in threads.values() if running else ():
        part = []
        for frame in frames:
            if id(frame) not in owners and is_handle_run(frame) and part:
                # The task's own coroutine has no frame: it is compiled.
                for task in running:
                    if own_frame(task.get_coro()) is None:
                        stacks.setdefault(id(task), list(part))
                part = []
                continue
            part.append(frame_entry(frame, frame.f_code.co_name))
            if id(frame) in owners:
                stacks[id(owners[id(frame)])] = part
                part = []
    return stacks


def is_executing(coroutine):
    return getattr(coroutine, "cr_running", False) or getattr(coroutine, "gi_running", False)


def own_frame(coroutine):
    """None for a compiled one, which pretends to have a frame if it is asked."""
    prefix = PREFIXES.get(type(coroutine))
    return getattr(coroutine, prefix + "_frame") if prefix else None


def is_handle_run(frame):
    return frame.f_code.co_name == "_run" and frame.f_code.co_filename.endswith("asyncio/events.py")
