"""Each of several tasks has one of a semaphore's permits and wants a second one."""

import asyncio

import service


class Slots:
    def __init__(self, size):
        self.free = asyncio.Semaphore(size)

    async def part(self):
        async with self.free:  # place: waits
            await asyncio.sleep(0.01)

    async def whole(self, healthy):
        async with self.free:  # place: holds
            await asyncio.sleep(0.02)
            # The mistake: a part takes a permit as well.
            if not healthy:
                await self.part()
        await self.part()


async def main(scene):
    await scene.begin()
    size = scene.random.randint(2, 4)
    slots = Slots(size)
    tasks = [scene.spawn(service.repeat, scene, slots.whole, scene.healthy) for _ in range(size)]
    scene.expect(
        "deadlock",
        "likely",
        or_kinds=["exhausted"],
        tasks=tasks,
        objects=[slots.free],
        places=[scene.place("waits", tasks[0])],
        also=["exhausted"],
    )
    scene.ready_when(
        lambda: slots.free._value == 0
        and all(service.waits_for_lock(task, slots.free) for task in tasks)
    )
    await service.forever()


service.run(__file__, main)
