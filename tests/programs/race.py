"""staggered_race(), by which asyncio opens connections: both runners have started."""
import asyncio
import functools
from asyncio.staggered import staggered_race

import report


async def runner(started):
    started.release()
    await asyncio.sleep(3600)


async def race(started):
    runners = [functools.partial(runner, started) for _ in range(2)]
    await staggered_race(runners, delay=0.01)


async def main():
    started = asyncio.Semaphore(0)
    task = asyncio.create_task(race(started), name="race")
    for _ in range(2):
        await started.acquire()
    report.ready()
    await task


asyncio.run(main())
