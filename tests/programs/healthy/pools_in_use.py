"""Pools of connections of all kinds, with more who want one than there are, and leases that last."""

import asyncio
import collections
import contextlib

import load

PAUSE = 0.5


class ByQueue:
    def __init__(self, size):
        self.free = asyncio.LifoQueue()
        for number in range(size):
            self.free.put_nowait(object())

    async def get(self):
        return await self.free.get()

    def put(self, one):
        self.free.put_nowait(one)


class ByWaiters:
    """As aiohttp's: a deque of futures."""

    def __init__(self, size):
        self.free = [object() for _ in range(size)]
        self.waiters = collections.deque()

    async def get(self):
        while not self.free:
            future = asyncio.get_running_loop().create_future()
            self.waiters.append(future)
            try:
                await future
            except asyncio.CancelledError:
                self.waiters.remove(future)
                raise
        return self.free.pop()

    def put(self, one):
        self.free.append(one)
        while self.waiters:
            future = self.waiters.popleft()
            if not future.done():
                future.set_result(None)
                break


class ByCondition:
    def __init__(self, size):
        self.free = [object() for _ in range(size)]
        self.condition = asyncio.Condition()

    async def get(self):
        async with self.condition:
            await self.condition.wait_for(lambda: self.free)
            return self.free.pop()

    async def give(self, one):
        async with self.condition:
            self.free.append(one)
            self.condition.notify()

    def put(self, one):
        self.task = asyncio.ensure_future(self.give(one))


class BySemaphore:
    def __init__(self, size):
        self.limit = asyncio.Semaphore(size)

    async def get(self):
        await self.limit.acquire()
        return self

    def put(self, one):
        self.limit.release()


@contextlib.asynccontextmanager
async def lease(pool):
    one = await pool.get()
    try:
        yield one
    finally:
        pool.put(one)


async def work(scene, pool, pause):
    while True:
        async with lease(pool):
            await pause(scene)
        scene.step()


async def plainly(scene, pool, pause):
    while True:
        one = await pool.get()
        try:
            await pause(scene)
        finally:
            pool.put(one)
        scene.step()


async def a_moment(scene):
    await asyncio.sleep(scene.random.random() / 100)


async def a_while(scene):
    await asyncio.sleep(PAUSE)


async def an_answer(scene):
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(PAUSE, future.set_result, None)
    await future


async def main(scene):
    functions = []
    for kind in (ByQueue, ByWaiters, ByCondition, BySemaphore):
        for pause in (a_moment, a_while, an_answer):
            for use in (work, plainly):
                pool = kind(3)
                functions += [lambda u=use, p=pool, pause=pause: u(scene, p, pause)] * 8
    await load.together(scene, functions)


load.run(__file__, main)
