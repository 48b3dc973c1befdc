"""Cancellations that were asked for, and not yet delivered: the loop is blocked."""
import asyncio
import time

import report


async def rest():
    await asyncio.sleep(3600)


async def waits(future):
    await future


async def main():
    future = asyncio.get_running_loop().create_future()
    started = [
        asyncio.create_task(rest(), name="cancelled-sleep"),
        asyncio.create_task(waits(future), name="cancelled-future"),
    ]
    started.append(asyncio.create_task(waits(started[0]), name="cancelled-awaiter"))
    await asyncio.sleep(0.01)
    fresh = asyncio.create_task(rest(), name="cancelled-before-start")
    for task in started + [fresh, asyncio.current_task()]:
        task.cancel()
    report.ready()
    time.sleep(3600)


asyncio.run(main())
