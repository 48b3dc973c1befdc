"""Fifty requests on ten connections, a crawler at its semaphore, and workers without work."""

import asyncio

import load


async def request(scene, connections):
    while True:
        async with connections:
            await asyncio.sleep(scene.random.random() / 500)
        scene.step()


async def page(scene, limit):
    async with limit:
        await asyncio.sleep(scene.random.random() / 500)


async def crawl(scene, limit):
    while True:
        await asyncio.gather(*[page(scene, limit) for _ in range(30)])
        scene.step()


async def idle(queue):
    while True:
        await queue.get()


async def rarely(queue):
    while True:
        await asyncio.sleep(1000)
        queue.put_nowait(1)


async def main(scene):
    connections, limit, queue = asyncio.Semaphore(10), asyncio.BoundedSemaphore(3), asyncio.Queue()
    functions = [lambda: request(scene, connections)] * 50 + [lambda: crawl(scene, limit)]
    await load.together(scene, functions + [lambda: idle(queue)] * 8 + [lambda: rarely(queue)])


load.run(__file__, main)
