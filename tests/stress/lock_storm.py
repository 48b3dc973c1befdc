"""Tasks that take and give locks as fast as they can, and note who has each.

Prints one line of JSON: {"locks": [id, ..], "tasks": [id, ..], "record": address}. It runs until it
is killed. The record has two words of 64 bits for each lock, which whoever has stopped the process
can read: the number of the task that was the last to be inside, and its state:

    HELD_BY_WITH   it is inside, by a `with`
    HELD_BY_TRY    it is inside, between acquire() and a release() in a `finally`
    MOVING         nobody is inside: if the lock is locked, the running task is about to be inside,
                   or just was

No task waits between taking a lock and saying so, nor between saying so and giving it.
"""
import asyncio
import contextlib
import ctypes
import json
import os
import random

TASKS = 40
LOCKS = 12
MOVING, HELD_BY_WITH, HELD_BY_TRY = 0, 1, 2

locks = []
record = (ctypes.c_uint64 * (2 * LOCKS))()


class Noted:
    """Inside of a lock's `with`: what is said of the lock while it is held."""

    def __init__(self, index, number, state=HELD_BY_WITH):
        self.index, self.number, self.state = index, number, state

    def __enter__(self):
        record[2 * self.index] = self.number
        record[2 * self.index + 1] = self.state

    def __exit__(self, *_):
        record[2 * self.index + 1] = MOVING

    async def __aenter__(self):
        self.__enter__()

    async def __aexit__(self, *_):
        self.__exit__()


async def work():
    for _ in range(random.randrange(3)):
        await asyncio.sleep(0)


async def simple(number, first, _):
    async with locks[first]:
        with Noted(first, number):
            await work()


async def nested(number, first, second):
    async with locks[first]:
        with Noted(first, number):
            await work()
            async with locks[second]:
                with Noted(second, number):
                    await work()


async def listed(number, first, second):
    one, other = Noted(first, number), Noted(second, number)
    async with locks[first], one, locks[second], other:
        await work()


async def called(number, first, second):
    """The inner lock is taken by another function."""
    async with locks[first]:
        with Noted(first, number):
            await simple(number, second, None)


async def raises(number, first, _):
    with contextlib.suppress(OSError):
        async with locks[first]:
            with Noted(first, number):
                await work()
                raise OSError


@contextlib.asynccontextmanager
async def manager(lock):
    async with lock:
        yield


async def managed(number, first, _):
    async with manager(locks[first]):
        with Noted(first, number):
            await work()


async def tries(number, first, _):
    lock = locks[first]
    await lock.acquire()
    try:
        with Noted(first, number, HELD_BY_TRY):
            await work()
    finally:
        lock.release()


async def take_and_give(number):
    ways = (simple, nested, listed, called, raises, managed, tries)
    while True:
        # In one order, so that there is no deadlock.
        first, second = sorted(random.sample(range(LOCKS), 2))
        await random.choice(ways)(number, first, second)
        await asyncio.sleep(0)


async def main():
    locks.extend(asyncio.Lock() for _ in range(LOCKS))
    tasks = [asyncio.ensure_future(take_and_give(number)) for number in range(TASKS)]
    for number, task in enumerate(tasks):
        task.set_name("storm-%d" % number)
    whole = {
        "locks": [hex(id(lock)) for lock in locks],
        "tasks": [hex(id(task)) for task in tasks],
        "record": ctypes.addressof(record),
    }
    os.write(1, json.dumps(whole).encode() + b"\n")
    await asyncio.gather(*tasks)


asyncio.run(main())
