"""One task awaited by three others, in four ways at a time, and by one that was cancelled."""
import asyncio

import report


async def rest():
    await asyncio.sleep(3600)


async def awaits(task):
    await task


async def gathers(task):
    await asyncio.gather(task)


async def shields(task):
    await asyncio.shield(task)


async def waits(task):
    await asyncio.wait([task])


async def cancelled_later(task):
    await asyncio.wait([task])


async def main():
    shared = asyncio.create_task(rest(), name="shared")
    popular = asyncio.create_task(rest(), name="popular")
    tasks = [asyncio.create_task(awaits(shared), name="awaits-%d" % i) for i in range(3)]
    for function in (awaits, gathers, shields, waits):
        tasks.append(asyncio.create_task(function(popular), name=function.__name__))
    gone = asyncio.create_task(cancelled_later(popular), name="gone")
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.sleep(0.01)
    report.ready()
    await asyncio.sleep(3600)


asyncio.run(main())
