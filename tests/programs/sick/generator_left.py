"""An asynchronous generator that nobody goes on with keeps a lock."""

import asyncio

import service


class Table:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.cursors = []

    async def rows(self):
        async with self.lock:  # place: holds
            for number in range(100):
                await asyncio.sleep(0.001)
                yield number

    async def first(self, healthy):
        cursor = self.rows()
        self.cursors.append(cursor)
        await cursor.__anext__()
        # The mistake: the cursor stays open.
        if healthy:
            await cursor.aclose()

    async def write(self):
        async with self.lock:  # place: waits
            await asyncio.sleep(0.01)


async def main(scene):
    await scene.begin()
    table = Table()
    await scene.spawn(table.first, scene.healthy)
    writers = [
        scene.spawn(service.repeat, scene, table.write) for _ in range(scene.random.randint(1, 6))
    ]
    scene.expect(
        "never-released",
        "likely",
        tasks=writers,
        objects=[table.lock],
        places=[scene.place("waits", writers[0])],
        also=["convoy"],
    )
    scene.ready_when(lambda: all(service.stuck_at(task, table.lock) for task in writers))
    await service.forever()


service.run(__file__, main)
