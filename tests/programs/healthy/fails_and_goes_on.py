"""Tasks fail now and then, as they may: others do their work, or they are begun anew after a while."""

import asyncio
import threading
import time

import load

PAUSE = 0.4


class Failed(Exception):
    """What a task that fails ends with."""


async def produce(queue, count):
    for number in range(count):
        await queue.put(number)
        await asyncio.sleep(0.001)
    raise Failed


async def consume(scene, queue):
    while True:
        await queue.get()
        scene.step()


async def supervise(scene, function, *arguments):
    """Begins it anew, after a pause, and keeps the one that failed."""
    while True:
        task = asyncio.ensure_future(function(*arguments))
        await asyncio.wait([task])
        await asyncio.sleep(PAUSE)
        scene.step()


async def supervise_by_timer(scene, queue):
    """The same without a task that waits meanwhile."""
    loop = asyncio.get_running_loop()
    kept = []

    def begin():
        kept[:] = [asyncio.ensure_future(produce(queue, 3))]
        kept[0].add_done_callback(lambda done: loop.call_later(PAUSE, begin))

    begin()
    scene.kept = kept
    await consume(scene, queue)


class Feed(asyncio.Protocol):
    def __init__(self, queue):
        self.queue = queue

    def data_received(self, data):
        self.queue.put_nowait(data)


async def warm_up(queue):
    queue.put_nowait(0)
    raise Failed


async def fed_by_callbacks(scene, queue):
    """A task that fails has put the first item, a timer puts the others."""
    loop = asyncio.get_running_loop()
    scene.tasks.append(asyncio.ensure_future(warm_up(queue)))

    def put():
        queue.put_nowait(1)
        loop.call_later(PAUSE, put)

    loop.call_later(PAUSE, put)
    await consume(scene, queue)


async def fed_by_thread(scene, queue):
    loop = asyncio.get_running_loop()
    scene.tasks.append(asyncio.ensure_future(warm_up(queue)))

    def put():
        while True:
            time.sleep(PAUSE)
            loop.call_soon_threadsafe(queue.put_nowait, 1)

    threading.Thread(target=put, daemon=True).start()
    await consume(scene, queue)


async def handle(scene, lock, limit, number):
    async with limit:
        async with lock:
            await asyncio.sleep(0.02)
        if number % 5 == 0:
            raise Failed
    scene.step()


async def requests(scene):
    """Some of many fail, and nobody asks before all have ended."""
    lock, limit = asyncio.Lock(), asyncio.Semaphore(5)
    while True:
        tasks = [asyncio.ensure_future(handle(scene, lock, limit, n)) for n in range(40)]
        await asyncio.wait(tasks)
        [task.exception() for task in tasks]


async def announce(event):
    event.set()
    raise Failed


async def wait_for_event(scene, event):
    while True:
        await event.wait()
        event.clear()
        scene.step()


async def set_by_others(scene, event):
    """The task that failed has set it once; a timer does from then on."""
    loop = asyncio.get_running_loop()
    scene.tasks.append(asyncio.ensure_future(announce(event)))

    def tick():
        event.set()
        loop.call_later(PAUSE, tick)

    loop.call_later(PAUSE, tick)
    await wait_for_event(scene, event)


async def consume_some(scene, queue):
    for _ in range(3):
        await queue.get()
    raise Failed


async def put_for_ever(queue):
    while True:
        await queue.put(1)


async def connection(scene, ready):
    """Reconnects by itself: the first try has failed."""
    async def connect():
        raise Failed

    task = asyncio.ensure_future(connect())
    asyncio.get_running_loop().call_later(PAUSE, ready.set)
    await ready.wait()
    ready.clear()
    return task


async def reconnect(scene):
    ready, kept = asyncio.Event(), None
    while True:
        kept = await connection(scene, ready)
        scene.step()
        del kept


async def main(scene):
    scene.tasks = []
    queues = [asyncio.Queue() for _ in range(4)]
    bounded = asyncio.Queue(2)
    await load.together(
        scene,
        [
            lambda: supervise(scene, produce, queues[0], 3),
            lambda: consume(scene, queues[0]),
            lambda: consume(scene, queues[0]),
            lambda: supervise_by_timer(scene, queues[1]),
            lambda: fed_by_callbacks(scene, queues[2]),
            lambda: fed_by_thread(scene, queues[3]),
            lambda: requests(scene),
            lambda: set_by_others(scene, asyncio.Event()),
            lambda: supervise(scene, consume_some, scene, bounded),
            lambda: put_for_ever(bounded),
            lambda: put_for_ever(bounded),
            lambda: reconnect(scene),
        ],
    )


load.run(__file__, main)
