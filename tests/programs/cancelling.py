"""Tasks in each stage of being cancelled, and tasks already done."""
import asyncio

import report


async def rest():
    await asyncio.sleep(3600)


async def cleans_up():
    """The request has come through; the task takes its time."""
    try:
        await rest()
    finally:
        await rest()


async def refuses():
    while True:
        try:
            await rest()
        except asyncio.CancelledError:
            pass


async def awaits(task):
    await task


async def cancels(tasks):
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.sleep(0.05)
    tasks[-1].cancel()


async def fails():
    raise ValueError("on purpose")


async def main():
    cleaning = asyncio.create_task(cleans_up(), name="cleans-up")
    refusing = asyncio.create_task(refuses(), name="refuses")
    tasks = [
        asyncio.create_task(awaits(cleaning), name="awaits-cleaning"),
        asyncio.create_task(rest(), name="cancelled"),
        asyncio.create_task(fails(), name="failed"),
        asyncio.create_task(asyncio.sleep(0, "result"), name="finished"),
    ]
    await cancels([cleaning, tasks[1], refusing])
    tasks[2].exception()
    report.ready()
    await asyncio.sleep(3600)


asyncio.run(main())
