"""Locks that no function is seen to have, and that somebody gives back later all the same."""

import asyncio
import threading
import time

import load

PAUSE = 0.4


class Base:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def begin(self):
        await self.lock.acquire()

    def end(self):
        self._unlock()

    def _unlock(self):
        self.lock.release()


class Session(Base):
    """A transaction over several calls: what ends it calls what calls release()."""


class Table(Base):
    async def rows(self):
        async with self.lock:
            for number in range(4):
                yield number


class Catalogue:
    def __init__(self):
        self.tables = {"rows": Table()}
        self.cursors = []


async def in_a_session(scene, base):
    session = Session()
    while True:
        await session.begin()
        waiter = asyncio.ensure_future(want(session.lock))
        await asyncio.sleep(PAUSE)
        session.end()
        await waiter
        scene.step()


async def want(lock):
    async with lock:
        pass


async def take(lock):
    await lock.acquire()


def give(lock):
    lock.release()


async def by_functions(scene, base):
    while True:
        await take(base.lock)
        waiter = asyncio.ensure_future(want(base.lock))
        await asyncio.sleep(PAUSE)
        give(base.lock)
        await waiter
        scene.step()


async def slowly(base):
    """Whoever comes next has to wait a while."""
    await base.lock.acquire()
    asyncio.get_running_loop().call_later(PAUSE, base.lock.release)


async def by_a_timer(scene, base):
    while True:
        await slowly(base)
        scene.step()


async def later(base):
    await base.lock.acquire()
    asyncio.get_running_loop().call_later(PAUSE, base.end)


async def by_a_method_of_a_timer(scene, base):
    while True:
        await later(base)


def in_thread(loop, lock):
    time.sleep(PAUSE)
    loop.call_soon_threadsafe(lock.release)


async def by_a_thread(scene, base):
    loop = asyncio.get_running_loop()
    while True:
        await base.lock.acquire()
        threading.Thread(target=in_thread, args=(loop, base.lock), daemon=True).start()


async def next_row(catalogue):
    return await catalogue.cursors[0].__anext__()


async def by_a_cursor(scene, base):
    catalogue = Catalogue()
    table = catalogue.tables["rows"]
    while True:
        catalogue.cursors = [table.rows()]
        await catalogue.cursors[0].__anext__()
        waiter = asyncio.ensure_future(want(table.lock))
        for _ in range(3):
            await asyncio.sleep(PAUSE / 3)
            await next_row(catalogue)
        await catalogue.cursors.pop().aclose()
        await waiter


# Made when the loop is there.
GLOBAL = None


async def by_a_global(scene, base):
    while True:
        await GLOBAL.lock.acquire()
        waiter = asyncio.ensure_future(want_global())
        await asyncio.sleep(PAUSE)
        GLOBAL.lock.release()
        await waiter


async def want_global():
    async with GLOBAL.lock:
        pass


async def by_a_global_function(scene, base):
    other = Base()
    while True:
        await OTHERS.setdefault("one", other).begin()
        waiter = asyncio.ensure_future(want(other.lock))
        await asyncio.sleep(PAUSE)
        close_all()
        await waiter


OTHERS = {}


def close_all():
    for other in OTHERS.values():
        other.end()


WAYS = (
    in_a_session,
    by_functions,
    by_a_timer,
    by_a_method_of_a_timer,
    by_a_thread,
    by_a_cursor,
    by_a_global,
    by_a_global_function,
)


async def main(scene):
    global GLOBAL
    GLOBAL = Base()
    await load.together(scene, [lambda way=way: way(scene, Base()) for way in WAYS])


load.run(__file__, main)
