"""Full queues with slow consumers, and join() of what is done slowly."""

import asyncio
import time

import load

PAUSE = 0.4


async def produce(queue):
    number = 0
    while True:
        number += 1
        await queue.put(number)


async def by_timer(scene, queue):
    while True:
        await queue.get()
        await asyncio.sleep(PAUSE)
        queue.task_done()
        scene.step()


async def by_thread(scene, queue):
    while True:
        await queue.get()
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, PAUSE)
        queue.task_done()
        scene.step()


def by_callback(scene, queue):
    try:
        queue.get_nowait()
        queue.task_done()
    except asyncio.QueueEmpty:
        pass
    asyncio.get_running_loop().call_later(PAUSE, by_callback, scene, queue)


async def batch(scene, consume):
    while True:
        queue = asyncio.Queue()
        for number in range(5):
            queue.put_nowait(number)
        worker = asyncio.ensure_future(consume(scene, queue))
        await queue.join()
        worker.cancel()


async def main(scene):
    functions = []
    for consume in (by_timer, by_thread, by_callback):
        queue = asyncio.Queue(3)
        functions += [lambda queue=queue: produce(queue)] * 12
        if consume is by_callback:
            by_callback(scene, queue)
            continue
        functions += [lambda consume=consume, queue=queue: consume(scene, queue)]
        functions += [lambda consume=consume: batch(scene, consume)] * 2
    await load.together(scene, functions)


load.run(__file__, main)
