"""Two locks in either order, one of them held by a generator under @asynccontextmanager."""

import asyncio
import contextlib

import service


class Database:
    def __init__(self):
        self.lock = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def transaction(self):
        async with self.lock:
            yield self

    async def write(self, audit):
        async with self.transaction():
            await asyncio.sleep(0.02)
            await audit.append()


class Audit:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def append(self):
        async with self.lock:  # place: append waits
            await asyncio.sleep(0.01)

    async def archive(self, database, healthy):
        async with self.lock:  # place: archive holds
            await asyncio.sleep(0.02)
            # The mistake: a transaction inside of the lock.
            if not healthy:
                await self.remove(database)
        if healthy:
            await self.remove(database)

    async def remove(self, database):
        async with database.transaction():  # place: remove waits
            await asyncio.sleep(0.01)


async def main(scene):
    await scene.begin()
    database, audit = Database(), Audit()
    writer = scene.spawn(service.repeat, scene, database.write, audit)
    archiver = scene.spawn(service.repeat, scene, audit.archive, database, scene.healthy)
    scene.expect(
        "deadlock",
        "certain",
        tasks=(writer, archiver),
        objects=(database.lock, audit.lock),
        places=[scene.place("append waits", writer), scene.place("archive holds", archiver)],
    )
    scene.ready_when(
        lambda: service.stuck_at(writer, audit.lock) and service.stuck_at(archiver, database.lock)
    )
    await service.forever()


service.run(__file__, main)
