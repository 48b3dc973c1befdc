"""Tasks put into a full queue, and the only one that takes from it was cancelled."""

import asyncio
import dataclasses
import sys
import typing

import service


@dataclasses.dataclass
class Pipeline:
    queue: asyncio.Queue
    writer: typing.Optional[asyncio.Task] = None
    rows: list = dataclasses.field(default_factory=list)

    async def write(self):
        while True:
            self.rows.append(await self.queue.get())
            await asyncio.sleep(0.005)

    async def feed(self, number):
        await self.queue.put(number)  # place: waits


async def start(scene):
    """Whoever has the pipeline is one of these tasks."""
    pipeline = Pipeline(asyncio.Queue(scene.random.randint(1, 5)))
    pipeline.writer = scene.spawn(pipeline.write)
    sources = [
        scene.spawn(service.repeat, scene, pipeline.feed, number)
        for number in range(scene.random.randint(1, 6))
    ]
    await asyncio.sleep(0.05)
    # The mistake: the others are not told, and nobody takes over.
    if not scene.healthy:
        pipeline.writer.cancel()
    return pipeline.writer, sources


async def main(scene):
    await scene.begin()
    writer, sources = await start(scene)
    await scene.until(lambda: writer.cancelled() and all(map(service.waits, sources)))
    # Before 3.9 a task keeps nothing of what was cancelled.
    known = [writer] if sys.version_info >= (3, 9) else []
    scene.expect(
        "no-consumer",
        "likely",
        tasks=known,
        behind=sources,
        places=[scene.place("waits", sources[0])],
    )
    scene.ready_when(lambda: all(map(service.waits, sources)))
    await service.forever()


service.run(__file__, main)
