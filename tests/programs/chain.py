"""Two thousand tasks in a row, each awaiting the next."""
import asyncio
import gc
import os

import report

LENGTH = int(os.environ.get("AIODBG_SIZE", 2000))


async def rest():
    await asyncio.sleep(3600)


async def awaits(task):
    await task


async def main():
    # Would look at all of them again and again.
    gc.disable()
    task = asyncio.create_task(rest(), name="last")
    for number in range(LENGTH):
        task = asyncio.create_task(awaits(task), name="link-%d" % number)
    report.ready()
    await task


asyncio.run(main())
