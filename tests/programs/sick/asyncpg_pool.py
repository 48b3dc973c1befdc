"""Connections of asyncpg's pool were never given back; a real PostgreSQL is at their other ends."""

import asyncio
import os

import service

try:
    import asyncpg
except ImportError:
    service.missing("asyncpg")

PACKAGES = ("asyncpg",)
# The folder of the socket of a PostgreSQL.
POSTGRES = os.environ.get("AIODBG_POSTGRES")
if not POSTGRES:
    service.missing("PostgreSQL")


class Ledger:
    def __init__(self, scene):
        self.healthy = scene.healthy
        self.size = scene.random.randint(1, 3)
        self.pool = None
        self.kept = []

    async def open(self):
        self.pool = await asyncpg.create_pool(
            host=POSTGRES, user="postgres", min_size=self.size, max_size=self.size
        )

    async def export(self):
        connection = await self.pool.acquire()
        await connection.fetchval("select 1")
        self.kept.append(connection)
        # The mistake: not in an `async with`.
        if self.healthy:
            await self.pool.release(connection)

    async def count(self):
        async with self.pool.acquire() as connection:  # place: waits
            await connection.fetchval("select 1")


async def main(scene):
    await scene.begin()
    ledger = Ledger(scene)
    await ledger.open()
    for _ in range(ledger.size):
        await scene.spawn(ledger.export)
    tasks = [
        scene.spawn(service.repeat, scene, ledger.count) for _ in range(scene.random.randint(1, 6))
    ]
    scene.expect(
        "exhausted",
        "likely",
        or_kinds=["never-released"],
        tasks=tasks,
        objects=[ledger.pool],
        places=[scene.place("waits", tasks[0])],
        also=["convoy"],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
