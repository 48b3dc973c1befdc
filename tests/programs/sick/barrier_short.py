"""The parties of a barrier are one short: it has ended by an exception before it came there."""

import asyncio
import sys

import service


class NoDisk(Exception):
    pass


class Run:
    def __init__(self, scene, parties):
        self.scene = scene
        self.barrier = asyncio.Barrier(parties)
        self.parts = []

    async def part(self, number):
        while True:
            await asyncio.sleep(self.scene.random.uniform(0.001, 0.02))
            # The mistake: the others are not told.
            if number == 0 and not self.scene.healthy:
                raise NoDisk("/data is full")
            await self.barrier.wait()  # place: waits
            self.scene.step()


async def main(scene):
    if sys.version_info < (3, 11):
        service.missing("asyncio.Barrier")
    await scene.begin()
    parties = scene.random.randint(2, 20)
    run = Run(scene, parties)
    run.parts = [scene.spawn(run.part, number) for number in range(parties)]
    await scene.until(lambda: run.parts[0].done())
    scene.expect(
        "failed",
        "likely",
        or_kinds=["nothing-can-wake"],
        tasks=run.parts[1:],
        behind=run.parts[:1],
        places=[scene.place("waits", run.parts[1])],
    )
    scene.ready_when(lambda: all(map(service.waits, run.parts[1:])))
    await service.forever()


service.run(__file__, main)
