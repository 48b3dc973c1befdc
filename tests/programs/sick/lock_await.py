"""Who has a lock awaits a task that wants it."""

import asyncio

import service


class Cache:
    def __init__(self, scene):
        self.scene = scene
        self.lock = asyncio.Lock()
        self.child = None

    async def load(self):
        async with self.lock:  # place: load waits
            await asyncio.sleep(0.02)

    async def refresh(self):
        async with self.lock:  # place: refresh holds
            self.child = self.scene.load.keep(self.load(), self.scene.task_name("load"))
            # The mistake: the lock is still held.
            if not self.scene.healthy:
                await self.child  # place: refresh waits
        await self.child


async def main(scene):
    await scene.begin()
    cache = Cache(scene)
    task = scene.spawn(service.repeat, scene, cache.refresh)
    await scene.until(lambda: cache.child)
    child = cache.child or task
    scene.expect(
        "deadlock",
        "certain",
        tasks=(task, child),
        objects=[cache.lock],
        places=[
            scene.place("load waits", child),
            scene.place("refresh waits", task),
            scene.place("refresh holds", task),
        ],
    )
    scene.ready_when(
        lambda: service.stuck_at(child, cache.lock) and service.waits_for_task(task, child)
    )
    await service.forever()


service.run(__file__, main)
