"""A pool of the program's own, of one of four makes, is empty: a query that failed kept its
connection."""

import asyncio
import collections

import service


class Connection:
    def __init__(self, pool):
        self.pool = pool

    async def run(self, query):
        await asyncio.sleep(0.01)
        if query == "broken":
            raise ValueError(query)


class QueuePool:
    def __init__(self, size):
        self.free = asyncio.LifoQueue()
        for _ in range(size):
            self.free.put_nowait(Connection(self))

    async def acquire(self):
        return await self.free.get()  # place: queue

    async def release(self, connection):
        self.free.put_nowait(connection)


class CountingPool(QueuePool):
    def __init__(self, size):
        super().__init__(size)
        self.in_use = set()

    async def acquire(self):
        connection = await self.free.get()  # place: counting
        self.in_use.add(connection)
        return connection

    async def release(self, connection):
        self.in_use.discard(connection)
        self.free.put_nowait(connection)


class ConditionPool:
    def __init__(self, size):
        self.changed = asyncio.Condition()
        self.free = [Connection(self) for _ in range(size)]

    async def acquire(self):
        async with self.changed:
            await self.changed.wait_for(lambda: self.free)  # place: condition
            return self.free.pop()

    async def release(self, connection):
        async with self.changed:
            self.free.append(connection)
            self.changed.notify()


class FuturePool:
    def __init__(self, size):
        self.free = [Connection(self) for _ in range(size)]
        self.waiters = collections.deque()

    async def acquire(self):
        if self.free:
            return self.free.pop()
        future = asyncio.get_running_loop().create_future()
        self.waiters.append(future)
        return await future  # place: future

    async def release(self, connection):
        if self.waiters:
            self.waiters.popleft().set_result(connection)
        else:
            self.free.append(connection)


POOLS = (
    ("queue", QueuePool),
    ("counting", CountingPool),
    ("condition", ConditionPool),
    ("future", FuturePool),
)


class Repository:
    def __init__(self, scene, pool):
        self.healthy = scene.healthy
        self.random = scene.random
        self.pool = pool

    async def fetch(self, query):
        connection = await self.pool.acquire()
        try:
            await connection.run(query)
        except ValueError:
            # The mistake: no connection comes back from here.
            if not self.healthy:
                return
        await self.pool.release(connection)

    async def work(self):
        await self.fetch(self.random.choice(("orders", "stock", "broken")))


async def main(scene):
    await scene.begin()
    place, make = scene.random.choice(POOLS)
    pool = make(scene.random.randint(1, 4))
    repository = Repository(scene, pool)
    tasks = [
        scene.spawn(service.repeat, scene, repository.work)
        for _ in range(scene.random.randint(5, 12))
    ]
    await scene.until(lambda: all(map(service.waits, tasks)))
    scene.expect(
        "exhausted",
        "likely",
        or_kinds=["never-released"],
        tasks=tasks,
        places=[scene.place(place, tasks[0])],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
