"""Functions that will end a wait, and that nothing but a thread's own function is yet to make."""

import asyncio
import threading
import time

import load

SECONDS = 8


def locks(loop, lock):
    while True:
        time.sleep(SECONDS)
        loop.call_soon_threadsafe(lambda: lock.locked() and lock.release())


def events(loop, event):
    def tell():
        event.set()
        event.clear()

    while True:
        time.sleep(SECONDS)
        loop.call_soon_threadsafe(tell)


def queues(loop, queue):
    async def take():
        return await queue.get()

    while True:
        time.sleep(SECONDS)
        asyncio.run_coroutine_threadsafe(take(), loop).result()


class Prices:
    """Read anew now and then, which may fail."""

    def __init__(self):
        self.known = asyncio.Event()
        self.tasks = []

    async def read(self):
        await asyncio.sleep(0.01)
        if len(self.tasks) % 2:
            raise OSError("try again")
        self.known.set()
        self.known.clear()

    def keep(self, loop):
        while True:
            loop.call_soon_threadsafe(lambda: self.tasks.append(loop.create_task(self.read())))
            time.sleep(SECONDS)


async def work(scene):
    while True:
        scene.step()
        await asyncio.sleep(0.002)


async def take(lock):
    while True:
        await lock.acquire()


async def wait(event):
    while True:
        await event.wait()


async def fill(queue):
    while True:
        await queue.put(None)


async def main(scene):
    loop = asyncio.get_running_loop()
    lock, event, queue, prices = asyncio.Lock(), asyncio.Event(), asyncio.Queue(1), Prices()
    for function, *arguments in (
        (locks, loop, lock),
        (events, loop, event),
        (queues, loop, queue),
        (prices.keep, loop),
    ):
        threading.Thread(target=function, args=arguments, daemon=True).start()
    waits = [lambda: take(lock), lambda: wait(event), lambda: fill(queue), lambda: wait(prices.known)]
    await load.together(scene, waits + [lambda: work(scene)])


load.run(__file__, main)
