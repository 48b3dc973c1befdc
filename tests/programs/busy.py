"""A task busy in plain functions; others ready to go on, never started, or waiting."""
import asyncio
import time

import report


async def rest():
    await asyncio.sleep(3600)


def first():
    second()


def second():
    third()


def third():
    report.ready()
    time.sleep(3600)


async def calls():
    first()


async def busy(event, future):
    await asyncio.sleep(0)
    event.set()
    future.set_result(None)
    later = asyncio.create_task(rest(), name="never-started")
    await calls()
    await later


async def woken(waitable):
    """What it waits for has happened; only its turn has not come."""
    await waitable


async def between_steps():
    """Ready again after a bare yield."""
    while True:
        await asyncio.sleep(0)


async def awaits_busy(task):
    await task


async def main():
    event, future = asyncio.Event(), asyncio.get_running_loop().create_future()
    tasks = [
        asyncio.create_task(rest(), name="resting"),
        asyncio.create_task(woken(event.wait()), name="woken-by-event"),
        asyncio.create_task(woken(future), name="woken-by-future"),
        asyncio.create_task(between_steps(), name="between-steps"),
        asyncio.create_task(busy(event, future), name="busy"),
    ]
    tasks.append(asyncio.create_task(awaits_busy(tasks[-1]), name="awaits-busy"))
    await asyncio.sleep(3600)


asyncio.run(main())
