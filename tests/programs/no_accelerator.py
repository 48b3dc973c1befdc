"""A Python without the C module _asyncio: all tasks and futures are pure Python."""
import sys

sys.modules["_asyncio"] = None

import asyncio  # noqa: E402: _asyncio has to be hidden first

import report  # noqa: E402


async def rest():
    await asyncio.sleep(3600)


async def gathers():
    await asyncio.gather(rest(), rest())


async def awaits(task):
    await task


async def main():
    assert asyncio.Task is asyncio.tasks._PyTask
    tasks = [
        asyncio.create_task(gathers(), name="gathers"),
        asyncio.create_task(awaits(asyncio.create_task(rest())), name="awaits"),
        asyncio.create_task(asyncio.wait_for(rest(), 3600), name="wait-for"),
    ]
    report.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
