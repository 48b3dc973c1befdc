"""Tasks have all connections of SQLAlchemy's pool, and each of them wants another one."""

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
        self.size = scene.random.randint(2, 4)
        self.engine = create_async_engine(
            "sqlite+aiosqlite:///" + path,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=self.size,
            # The mistake: none to spare for those who want a second one.
            max_overflow=self.size if scene.healthy else 0,
            pool_timeout=100000,
        )

    async def audit(self):
        async with self.engine.connect() as connection:
            await connection.execute(text("select 1"))
            async with self.engine.connect() as other:  # place: waits
                await other.execute(text("select 1"))


async def main(scene):
    await scene.begin()
    books = Books(scene, os.path.join(tempfile.mkdtemp(), "books.db"))
    tasks = [scene.spawn(service.repeat, scene, books.audit) for _ in range(books.size)]
    await scene.until(lambda: all(map(service.waits, tasks)))
    await asyncio.sleep(0.3)
    scene.expect(
        "deadlock",
        "likely",
        or_kinds=["exhausted"],
        tasks=tasks,
        places=[scene.place("waits", tasks[0])],
        # Up to 3.11 wait_for() has tasks of its own.
        behind=asyncio.all_tasks() - (scene.load.tasks - set(tasks)) - {asyncio.current_task()},
        also=["exhausted"],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
