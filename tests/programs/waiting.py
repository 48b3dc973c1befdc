"""wait(), wait_for(), shield(), as_completed(), timeout(), and plain await of a task."""
import asyncio
import sys

import report


async def rest():
    await asyncio.sleep(3600)


def resting(name):
    return asyncio.create_task(rest(), name=name)


async def direct():
    await resting("awaited")


async def wait():
    await asyncio.wait([resting("waited-1"), resting("waited-2")])


async def wait_first():
    options = {"timeout": 3600, "return_when": asyncio.FIRST_COMPLETED}
    await asyncio.wait([resting("first-1"), resting("first-2")], **options)


async def wait_for():
    await asyncio.wait_for(rest(), 3600)


async def wait_for_task():
    await asyncio.wait_for(resting("waited-for"), 3600)


async def shield():
    await asyncio.shield(resting("shielded"))


async def wait_for_shield():
    await asyncio.wait_for(asyncio.shield(resting("shielded-too")), 3600)


async def completed():
    for future in asyncio.as_completed([resting("completed-1"), resting("completed-2")]):
        await future


async def completed_async():
    """The asynchronous iterator is new in 3.13."""
    async for task in asyncio.as_completed([resting("completed-3")]):
        await task


async def timeout():
    async with asyncio.timeout(3600):
        await resting("timed")


async def main():
    functions = [direct, wait, wait_first, wait_for, wait_for_task, shield, wait_for_shield]
    functions.append(completed)
    functions += [timeout] if sys.version_info >= (3, 11) else []
    functions += [completed_async] if sys.version_info >= (3, 13) else []
    tasks = [asyncio.create_task(function(), name=function.__name__) for function in functions]
    report.ready()
    await asyncio.sleep(3600)
    return tasks


asyncio.run(main())
