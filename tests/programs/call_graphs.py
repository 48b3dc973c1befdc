"""What asyncio.format_call_graph() says of tasks, of futures, and of the task that calls it."""
import asyncio
import time
import types

import report

REQUIRES = (3, 14)

OPTIONS = (
    {},
    {"limit": 1},
    {"limit": -1},
    {"limit": 0},
    {"limit": -2},
    {"depth": 2},
    {"depth": 3, "limit": 2},
)


futures = []


async def rest():
    await asyncio.sleep(3600)


async def awaits(future):
    await future


async def numbers():
    yield 1
    await rest()


async def iterates():
    async for _ in numbers():
        pass


@types.coroutine
def old_style():
    yield from rest().__await__()


async def awaits_old_style():
    await old_style()


def note_own_graphs():
    report.graphs.extend(report.graph(future, {}) for future in futures)
    task = asyncio.current_task()
    for options in OPTIONS:
        # This frame, and the one of graph().
        inner = dict(options, depth=options.get("depth", 1) + 2)
        entry = report.graph(task, inner)
        report.graphs.append(dict(entry, options=options))


def generates():
    # On one line, so that what is noted and what is seen later is at the same place.
    note_own_graphs(), report.ready(), time.sleep(3600)
    yield


def calls():
    next(generates())


async def runs():
    await asyncio.sleep(0.1)
    calls()


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    futures.append(future)
    resting = asyncio.create_task(rest(), name="it's resting")
    both = asyncio.gather(rest(), awaits(future))
    futures.append(both)
    tasks = [
        asyncio.create_task(awaits(resting), name='awaits "it"'),
        asyncio.create_task(awaits(both), name="awaits-gather"),
        asyncio.create_task(iterates(), name="iterates"),
        asyncio.create_task(awaits_old_style(), name="old-style"),
    ]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(runs(), name="runs\\\n")
        group.create_task(awaits(running), name="awaits-running")
    await asyncio.wait(tasks)


asyncio.run(main())
