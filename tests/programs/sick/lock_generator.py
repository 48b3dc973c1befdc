"""An asynchronous generator holds a lock while the loop over it waits for another."""

import asyncio

import service


class Table:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def rows(self):
        async with self.lock:
            for number in range(3):
                await asyncio.sleep(0.01)
                yield number

    async def insert(self):
        async with self.lock:  # place: insert waits
            await asyncio.sleep(0.01)


class Log:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def note(self):
        async with self.lock:  # place: note waits
            await asyncio.sleep(0.01)

    async def store(self, table, healthy):
        async with self.lock:  # place: store holds
            await asyncio.sleep(0.02)
            # The mistake: the table is written to inside of the lock.
            if not healthy:
                await table.insert()
        await table.insert()


async def scan(table, log):
    async for _ in table.rows():
        await log.note()


async def main(scene):
    await scene.begin()
    table, log = Table(), Log()
    reader = scene.spawn(service.repeat, scene, scan, table, log)
    writer = scene.spawn(service.repeat, scene, log.store, table, scene.healthy)
    scene.expect(
        "deadlock",
        "likely",
        tasks=(reader, writer),
        objects=(table.lock, log.lock),
        places=[
            scene.place("note waits", reader),
            scene.place("insert waits", writer),
            scene.place("store holds", writer),
        ],
    )
    scene.ready_when(
        lambda: service.stuck_at(reader, log.lock) and service.stuck_at(writer, table.lock)
    )
    await service.forever()


service.run(__file__, main)
