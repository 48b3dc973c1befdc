"""Tasks in each state, and what asyncio task has to say of them: the program's own repr()."""
import asyncio
import contextvars
import sys
import time

import report

request = contextvars.ContextVar("request")
# More than fit into one node of the tree that contexts are.
numbered = [contextvars.ContextVar("number-%02d" % number) for number in range(40)]

RESULT = {
    "floats": [1.0, 0.1, -1e-07, 1e22, 123456789.125, 1e15, float("inf")],
    "ints": (0, -5, 1 << 58, True),
    "text": "it's \x1b[31m\u65e5\\\n",
    3: {b"x'\0y"},
    None: [(), [], {}, ("one",)],
}


async def returns():
    return RESULT


async def raises():
    raise ValueError("broken", 3, OSError(2, "inner"))


async def awaits(future):
    await future


async def goes_on():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass


def line(label, value):
    return "%-14s%s" % (label, value)


def note(task, *lines):
    known = [line("task", "0x%x  %s" % (id(task), report.name_of(task)))]
    known += [line("type", type(task).__name__)] + list(lines)
    known += ["  request = " + repr(request.get())]
    known += ["  %s = %r" % (variable.name, variable.get()) for variable in numbered]
    for frame in task._source_traceback or ():
        known += ["  %s %s:%d" % (frame.name, frame.filename, frame.lineno), "      " + frame.line]
    report.details.append({"id": hex(id(task)), "lines": known})


def waits_for(future, state, *name):
    text = "%s at 0x%x, %s" % (type(future).__name__, id(future), state)
    return line("waits for", ", ".join((text,) + name))


def cancel(task, message):
    if sys.version_info >= (3, 9):
        task.cancel(message)
    else:
        task.cancel()


def cancellation(times, *more):
    counted = sys.version_info >= (3, 11)
    first = ["requested %d time%s" % (times, "" if times == 1 else "s")] if counted else []
    return [line("cancellation", ", ".join(first + list(more)))] if first + list(more) else []


async def main():
    loop = asyncio.get_running_loop()
    request.set("abc-123")
    for number, variable in enumerate(numbered):
        variable.set(number)
    future = loop.create_future()
    finished = asyncio.create_task(returns(), name="finished")
    failed = asyncio.create_task(raises(), name="failed")
    cancelled = asyncio.create_task(awaits(loop.create_future()), name="cancelled")
    waiting = asyncio.create_task(awaits(future), name="waiting")
    for_task = asyncio.create_task(awaits(waiting), name="waiting-for-task")
    ready = asyncio.create_task(awaits(asyncio.sleep(0)), name="ready")
    stubborn = asyncio.create_task(goes_on(), name="stubborn")
    await asyncio.sleep(0)
    cancel(cancelled, "gone")
    cancel(stubborn, None)
    await asyncio.wait([finished, failed, cancelled])
    doomed = asyncio.create_task(awaits(future), name="doomed")
    cancel(doomed, "never started")

    note(finished, line("state", "finished"), line("result", repr(RESULT)))
    note(failed, line("state", "finished"), line("exception", repr(failed.exception())))
    note(cancelled, line("state", "cancelled"), *cancellation(1))
    note(waiting, line("state", "pending"), waits_for(future, "pending"))
    note(for_task, line("state", "pending"), waits_for(waiting, "pending", "waiting"))
    note(stubborn, line("state", "pending"), *cancellation(1))
    message = ["message 'never started'"] if sys.version_info >= (3, 9) else []
    note(doomed, *cancellation(1, "not yet delivered", *message))
    running = asyncio.current_task()
    note(running, line("state", "running"), line("waits for", "nothing: it runs"))
    report.ready()
    time.sleep(3600)
    return ready


asyncio.run(main(), debug=True)
