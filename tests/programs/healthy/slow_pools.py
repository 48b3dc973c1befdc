"""Pools of every make that are used up for longer than a look takes: somebody goes on who has
something of them, or will give it back; and workers that only seem to wait for a pool."""

import asyncio
import collections
import contextlib

import load

SECONDS = 8
WAITERS = 3


class Semaphores:
    """Given back by a callback."""

    def __init__(self):
        self.free = asyncio.Semaphore(1)

    async def use(self):
        await self.free.acquire()
        task = asyncio.ensure_future(asyncio.sleep(SECONDS))
        task.add_done_callback(lambda _: self.free.release())
        await asyncio.sleep(0)


class Rate:
    """So many a while: a timer gives back."""

    def __init__(self):
        self.calls = asyncio.Semaphore(1)

    async def use(self):
        await self.calls.acquire()
        asyncio.get_running_loop().call_later(SECONDS, self.calls.release)


class Refilled:
    """A task does."""

    def __init__(self):
        self.tokens = asyncio.Semaphore(1)

    async def refill(self):
        while True:
            await asyncio.sleep(SECONDS)
            self.tokens.release()

    async def use(self):
        await self.tokens.acquire()


class Lifo:
    def __init__(self):
        self.free = asyncio.LifoQueue()
        self.free.put_nowait(object())

    async def acquire(self):
        return await self.free.get()

    def release(self, connection):
        self.free.put_nowait(connection)

    async def use(self):
        connection = await self.acquire()
        try:
            await asyncio.sleep(SECONDS)
        finally:
            self.release(connection)


class Managed:
    def __init__(self):
        self.free = asyncio.Queue()
        self.free.put_nowait(object())

    @contextlib.asynccontextmanager
    async def connection(self):
        connection = await self.free.get()
        try:
            yield connection
        finally:
            self.free.put_nowait(connection)

    async def use(self):
        async with self.connection():
            await asyncio.sleep(SECONDS)


class Lease:
    def __init__(self, pool):
        self.pool = pool

    def close(self):
        self.pool.release(self)


class Conditions:
    """What is free in a list, and a condition for those who wait."""

    def __init__(self):
        self.changed = asyncio.Condition()
        self.free = [Lease(self)]

    async def acquire(self):
        async with self.changed:
            while not self.free:
                await self.changed.wait()
            return self.free.pop()

    def release(self, lease):
        self.free.append(lease)
        asyncio.ensure_future(self.tell())

    async def tell(self):
        async with self.changed:
            self.changed.notify()


async def borrow(pool):
    lease = await pool.acquire()
    try:
        await asyncio.sleep(SECONDS)
    finally:
        lease.close()


class Futures:
    """Each who waits has a future of its own."""

    def __init__(self):
        self.waiters = collections.deque()
        self.is_free = True

    async def acquire(self):
        while not self.is_free:
            future = asyncio.get_running_loop().create_future()
            self.waiters.append(future)
            await future
        self.is_free = False
        return Lease(self)

    def release(self, _):
        self.is_free = True
        if self.waiters:
            self.waiters.popleft().set_result(None)


class Jobs:
    """No pool: workers that are idle, and nobody has a job for them."""

    def __init__(self):
        self.jobs = asyncio.Queue()
        self.changed = asyncio.Condition()

    async def acquire(self):
        return await self.jobs.get()

    async def acquire_later(self):
        async with self.changed:
            await self.changed.wait()

    async def post_rarely(self):
        while True:
            await asyncio.sleep(1000)
            self.jobs.put_nowait("job")
            async with self.changed:
                self.changed.notify()


async def repeat(scene, use):
    while True:
        await use()
        scene.step()


async def main(scene):
    functions = []
    refilled, jobs = Refilled(), Jobs()
    conditions, futures = Conditions(), Futures()
    uses = [one.use for one in (Semaphores(), Rate(), refilled, Lifo(), Managed())]
    uses += [lambda: borrow(conditions), lambda: borrow(futures)]
    for use in uses:
        functions += [lambda use=use: repeat(scene, use)] * (WAITERS + 1)
    functions += [refilled.refill, jobs.post_rarely] + [jobs.acquire, jobs.acquire_later] * WAITERS
    await load.together(scene, functions)


load.run(__file__, main)
