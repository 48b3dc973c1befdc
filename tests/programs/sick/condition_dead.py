"""Tasks wait for a condition, and who would notify them has ended by an exception."""

import asyncio

import service


class Corrupt(Exception):
    pass


class Journal:
    def __init__(self, scene):
        self.scene = scene
        self.entries = 0
        self.changed = asyncio.Condition()

    async def append(self):
        while True:
            await asyncio.sleep(0.01)
            async with self.changed:
                self.entries += 1
                self.changed.notify_all()
            # The mistake: nobody looks after it.
            if not self.scene.healthy and self.entries > 3:
                raise Corrupt("entry %d" % self.entries)

    async def follow(self):
        seen = self.entries
        async with self.changed:
            await self.changed.wait_for(lambda: self.entries > seen)  # place: waits


async def main(scene):
    await scene.begin()
    journal = Journal(scene)
    writing = scene.spawn(journal.append)
    readers = [
        scene.spawn(service.repeat, scene, journal.follow)
        for _ in range(scene.random.randint(1, 30))
    ]
    await scene.until(lambda: writing.done())
    scene.expect(
        "failed",
        "likely",
        tasks=[writing],
        objects=[[service.ref(journal.changed), service.ref(journal.changed._lock)]],
        behind=readers,
        places=[scene.place("waits", readers[0])],
        also=["nothing-can-wake"],
    )
    scene.ready_when(
        lambda: all(service.waits_for_lock(task, journal.changed) for task in readers)
    )
    await service.forever()


service.run(__file__, main)
