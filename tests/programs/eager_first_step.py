"""An eager task that blocks in its first step, on top of the task that creates it."""
import asyncio
import time

import report

REQUIRES = (3, 12)


async def rest():
    await asyncio.sleep(3600)


async def blocks():
    report.ready()
    time.sleep(3600)


async def creates():
    """An eager task itself: three tasks are on the one stack."""
    await asyncio.create_task(blocks(), name="blocks")


async def main():
    resting = asyncio.create_task(rest(), name="resting")
    await asyncio.sleep(0)
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    await asyncio.create_task(creates(), name="creates")
    await resting


asyncio.run(main())
