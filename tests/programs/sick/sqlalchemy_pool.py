"""A connection of SQLAlchemy's pool was never given back; who wants it waits for an hour."""

import asyncio
import os
import tempfile

import service

try:
    import aiosqlite  # noqa: F401
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import AsyncAdaptedQueuePool
except ImportError:
    service.missing("SQLAlchemy with aiosqlite")

PACKAGES = ("sqlalchemy", "aiosqlite")


class Books:
    def __init__(self, scene, path):
        self.healthy = scene.healthy
        self.size = scene.random.randint(1, 3)
        self.kept = []
        self.engine = create_async_engine(
            "sqlite+aiosqlite:///" + path,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=self.size,
            max_overflow=0,
            pool_timeout=3000,
        )

    async def export(self):
        connection = await self.engine.connect()
        self.kept.append(connection)
        await connection.execute(text("select 1"))
        # The mistake: not in an `async with`.
        if self.healthy:
            await connection.close()

    async def count(self):
        async with self.engine.connect() as connection:  # place: waits
            await connection.execute(text("select 1"))


async def main(scene):
    await scene.begin()
    books = Books(scene, os.path.join(tempfile.mkdtemp(), "books.db"))
    for _ in range(books.size):
        await scene.spawn(books.export)
    tasks = [
        scene.spawn(service.repeat, scene, books.count) for _ in range(scene.random.randint(1, 6))
    ]
    await scene.until(lambda: all(map(service.waits, tasks)))
    await asyncio.sleep(0.1)
    scene.expect(
        "exhausted",
        "likely",
        or_kinds=["never-released"],
        places=[scene.place("waits", tasks[0])],
        # Up to 3.11 wait_for() has tasks of its own.
        behind=asyncio.all_tasks() - (scene.load.tasks - set(tasks)) - {asyncio.current_task()},
        also=["convoy"],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
