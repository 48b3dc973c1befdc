"""Eager tasks: some still waiting after the first step, some done in it."""
import asyncio

import report

REQUIRES = (3, 12)


async def rest():
    await asyncio.sleep(3600)


async def done_at_once():
    return 1


async def nested():
    """Starts eager tasks from within an eager task's first step."""
    inner = asyncio.create_task(rest(), name="eager-inner")
    await asyncio.create_task(done_at_once(), name="eager-done")
    await inner


async def group():
    async with asyncio.TaskGroup() as tg:
        tg.create_task(rest(), name="eager-child")
        tg.create_task(rest())


async def main():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    tasks = [
        asyncio.create_task(rest(), name="eager"),
        asyncio.create_task(nested(), name="eager-nested"),
        asyncio.create_task(group(), name="eager-group"),
    ]
    report.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
