"""Forty layers of two tasks, each awaiting both of the next layer: 2**40 paths, 80 tasks."""
import asyncio
import os

import report

LAYERS = int(os.environ.get("AIODBG_SIZE", 40))


async def rest():
    await asyncio.sleep(3600)


async def awaits(tasks):
    await asyncio.wait(tasks)


async def main():
    tasks = [asyncio.create_task(rest(), name="bottom-%d" % side) for side in (0, 1)]
    for layer in range(1, LAYERS):
        below, tasks = tasks, []
        for side in (0, 1):
            name = "layer-%d-%d" % (layer, side)
            tasks.append(asyncio.create_task(awaits(below), name=name))
    report.ready()
    await asyncio.sleep(3600)
    return tasks


asyncio.run(main())
