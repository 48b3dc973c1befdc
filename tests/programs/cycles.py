"""Deadlocks: two tasks that await each other, three in a ring, one behind them, and free ones."""
import asyncio
import os

import report

FREE = int(os.environ.get("AIODBG_SIZE", 1))


async def rest():
    await asyncio.sleep(3600)


async def awaits(tasks, name):
    await asyncio.sleep(0)
    await tasks[name]


async def gathers(tasks, name):
    await asyncio.sleep(0)
    await asyncio.gather(tasks[name], rest())


async def main():
    tasks = {}
    for name, after in {"a": "b", "b": "a", "x": "y", "y": "z", "behind": "a"}.items():
        tasks[name] = asyncio.create_task(awaits(tasks, after), name=name)
    tasks["z"] = asyncio.create_task(gathers(tasks, "x"), name="z")
    for number in range(FREE):
        name = "free-%d" % number if number else "free"
        tasks[name] = asyncio.create_task(rest(), name=name)
    report.ready()
    await asyncio.sleep(3600)


asyncio.run(main())
