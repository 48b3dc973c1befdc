"""Tasks wait for an event of anyio's that nobody else has."""

import asyncio

import service

try:
    import anyio
except ImportError:
    service.missing("anyio")

PACKAGES = ("anyio",)


async def wait(event, ret):
    ret.append(asyncio.current_task())
    await event.wait()  # place: waits


async def tell(event):
    await anyio.sleep(0.02)
    event.set()


async def meet(scene, count, ret):
    ret[:] = []
    event = anyio.Event()
    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(wait, event, ret)
        # The mistake: who should have told them was never started.
        if scene.healthy:
            group.start_soon(tell, event)
        del event


async def main(scene):
    await scene.begin()
    tasks, count = [], scene.random.randint(1, 5)
    parent = scene.spawn(service.repeat, scene, meet, scene, count, tasks)
    await scene.until(lambda: len(tasks) == count)
    scene.expect(
        "nothing-can-wake",
        "likely",
        tasks=tasks,
        places=[scene.place("waits", tasks[0] if tasks else None)],
        behind=[parent],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)))
    await service.forever()


service.run(__file__, main)
