"""Queues that callbacks, timers, threads and protocols fill and empty, and no task does."""

import asyncio
import socket
import threading
import time

import load

PAUSE = 0.4


class Feed(asyncio.Protocol):
    def __init__(self, queue):
        self.queue = queue

    def data_received(self, data):
        self.queue.put_nowait(data)


async def by_protocol(scene):
    queue = asyncio.Queue()
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    await loop.create_connection(lambda: Feed(queue), sock=ours)

    def send():
        theirs.send(b"x")
        loop.call_later(PAUSE, send)

    send()
    while True:
        await queue.get()
        scene.step()


async def taken_by_timer(scene):
    queue = asyncio.Queue(2)
    loop = asyncio.get_running_loop()

    def take():
        if not queue.empty():
            queue.get_nowait()
            queue.task_done()
        loop.call_later(PAUSE, take)

    take()
    while True:
        await queue.put(1)
        scene.step()


async def taken_by_thread(scene):
    queue = asyncio.Queue(2)
    loop = asyncio.get_running_loop()

    def take():
        while True:
            asyncio.run_coroutine_threadsafe(queue.get(), loop).result()
            time.sleep(PAUSE)
            loop.call_soon_threadsafe(queue.task_done)

    threading.Thread(target=take, daemon=True).start()
    while True:
        await queue.put(1)
        scene.step()


async def joined(scene):
    """A thread of the pool does the work, and says so."""
    loop = asyncio.get_running_loop()

    def work(queue):
        time.sleep(PAUSE)
        loop.call_soon_threadsafe(queue.task_done)

    while True:
        queue = asyncio.Queue()
        queue.put_nowait(1)
        loop.run_in_executor(None, work, queue)
        queue.get_nowait()
        await queue.join()
        scene.step()


async def consumer_comes_later(scene):
    async def consume(queue):
        for _ in range(3):
            await queue.get()

    while True:
        queue = asyncio.Queue(1)
        loop = asyncio.get_running_loop()
        loop.call_later(PAUSE, lambda: asyncio.ensure_future(consume(queue)))
        for number in range(3):
            await queue.put(number)
        scene.step()


async def finished_producer(queue):
    for number in range(3):
        await queue.put(number)


async def idle_workers(scene):
    """What there was to do is done: they wait for more, or for the end."""
    queue = asyncio.Queue()
    scene.kept = [asyncio.ensure_future(finished_producer(queue))]

    async def work():
        while True:
            await queue.get()
            queue.task_done()

    workers = [asyncio.ensure_future(work()) for _ in range(3)]
    await scene.kept[0]
    await queue.join()
    await asyncio.gather(*workers)


async def main(scene):
    every = (by_protocol, taken_by_timer, taken_by_thread, joined, consumer_comes_later,
             idle_workers)
    await load.together(scene, [lambda one=one: one(scene) for one in every])


load.run(__file__, main)
