"""TaskGroup: a parent still in its body, one awaiting its group, one busy with something else."""
import asyncio

import report

REQUIRES = (3, 11)


async def rest():
    await asyncio.sleep(3600)


async def in_body():
    """The group's tasks are the parent's from the start, even if it does not wait for them yet."""
    async with asyncio.TaskGroup() as tg:
        tg.create_task(rest(), name="in-body-child")
        await rest()


async def awaits_own_child():
    async with asyncio.TaskGroup() as tg:
        child = tg.create_task(rest(), name="own-child")
        await child


async def nested():
    async with asyncio.TaskGroup() as outer:
        outer.create_task(rest(), name="outer-child")
        async with asyncio.TaskGroup() as inner:
            inner.create_task(rest(), name="inner-child")


async def from_elsewhere(group, entered):
    """Puts a task into another task's group."""
    await entered.wait()
    group[0].create_task(rest(), name="from-elsewhere-child")
    await rest()


async def main():
    group, entered = [], asyncio.Event()
    report.ready()
    async with asyncio.TaskGroup() as tg:
        tg.create_task(in_body(), name="in-body")
        tg.create_task(awaits_own_child(), name="awaits-own-child")
        tg.create_task(nested(), name="nested")
        tg.create_task(from_elsewhere(group, entered), name="from-elsewhere")
        async with asyncio.TaskGroup() as lent:
            lent.create_task(rest(), name="lent-child")
            group.append(lent)
            entered.set()


asyncio.run(main())
