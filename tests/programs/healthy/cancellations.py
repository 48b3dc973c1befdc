"""Tasks that wait for locks, events, queues and futures, and are cancelled all the time."""

import asyncio

import load


async def in_lock(lock):
    async with lock:
        await asyncio.sleep(0.001)


async def wait_well(things):
    """Everybody waits for something that is given to somebody sometime."""
    lock, semaphore, queue = things
    async with semaphore:
        await in_lock(lock)
    await queue.get()


async def start_and_cancel(scene, things):
    while True:
        task = asyncio.ensure_future(wait_well(things))
        await asyncio.sleep(scene.random.random() / 500)
        task.cancel()
        await asyncio.wait([task])
        try:
            await asyncio.wait_for(wait_well(things), scene.random.random() / 500)
        except asyncio.TimeoutError:
            pass
        scene.step()


async def feed(queue):
    while True:
        queue.put_nowait(1)
        await asyncio.sleep(0.002)


async def main(scene):
    things = asyncio.Lock(), asyncio.Semaphore(3), asyncio.Queue()
    functions = [lambda: start_and_cancel(scene, things)] * 20
    await load.together(scene, functions + [lambda: feed(things[2])])


load.run(__file__, main)
