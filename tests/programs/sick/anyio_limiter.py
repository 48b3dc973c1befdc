"""Tasks have all tokens of anyio's limiter, and wait for threads that need tokens as well."""

import asyncio
import time

import service

try:
    import anyio
    import anyio.to_thread
except ImportError:
    service.missing("anyio")

PACKAGES = ("anyio",)


async def page(limiter, ret):
    ret.append(asyncio.current_task())
    await anyio.to_thread.run_sync(time.sleep, 0.001, limiter=limiter)  # place: waits


async def convert(limiter, healthy, ret):
    async with limiter:
        await anyio.sleep(0.02)
        # As tasks of their own they get tokens of their own.
        async with anyio.create_task_group() as group:
            # The mistake: the same limiter twice.
            group.start_soon(page, None if healthy else limiter, ret)


async def main(scene):
    await scene.begin()
    size = scene.random.randint(1, 4)
    limiter = anyio.CapacityLimiter(size)
    pages = []
    tasks = [
        scene.spawn(service.repeat, scene, convert, limiter, scene.healthy, pages)
        for _ in range(size)
    ]
    await scene.until(lambda: len(pages) == size)
    scene.expect(
        "deadlock",
        "likely",
        or_kinds=["exhausted"],
        tasks=pages,
        objects=[limiter],
        places=[scene.place("waits", pages[0] if pages else None)],
        behind=tasks,
        also=["exhausted"],
    )
    scene.ready_when(
        lambda: all(map(service.waits, tasks + pages))
        and limiter.statistics().tasks_waiting == size
    )
    await service.forever()


service.run(__file__, main)
