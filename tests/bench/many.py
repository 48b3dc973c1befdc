# SPDX-License-Identifier: MIT
"""Many tasks in one of several shapes, for scripts/bench: many.py SHAPE COUNT.

Prints "READY <pid>" when all tasks wait.
"""

import asyncio
import os
import sys


async def leaf():
    await asyncio.sleep(1_000_000)


async def middle():
    await leaf()


async def work():
    await middle()


async def deep(levels):
    if levels:
        await deep(levels - 1)
    else:
        await leaf()


async def awaits(task):
    await task


def flat(count):
    """One gather of all, each with three frames and a sleep."""
    return [asyncio.create_task(work()) for _ in range(count)]


def chain(count):
    """Each task awaits the one before it."""
    tasks = [asyncio.create_task(work())]
    while len(tasks) < count:
        tasks.append(asyncio.create_task(awaits(tasks[-1])))
    return tasks[-1:]


def stacks(count):
    """Each has 50 coroutines on top of each other."""
    return [asyncio.create_task(deep(50)) for _ in range(count)]


def wide(count):
    """All but one await the same one."""
    first = asyncio.create_task(work())
    return [asyncio.create_task(awaits(first)) for _ in range(count - 1)]


def code(count):
    """Each runs a function of its own."""
    tasks = []
    for number in range(count):
        names = {"leaf": leaf}
        exec("async def work_%d():\n    await leaf()\n" % number, names)
        tasks.append(asyncio.create_task(names["work_%d" % number]()))
    return tasks


SHAPES = {"flat": flat, "chain": chain, "stacks": stacks, "wide": wide, "code": code}


async def main(shape, count):
    tasks = SHAPES[shape](count)
    # One turn of the loop for each, so that it waits; a chain needs no more.
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    loop.call_later(0.5, lambda: print("READY", os.getpid(), flush=True))
    await asyncio.gather(*tasks)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
