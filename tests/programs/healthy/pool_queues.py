"""A pool of threads between two bounded queues, each of them full or empty at times."""

import asyncio
import concurrent.futures
import time

import load


async def produce(scene, jobs):
    while True:
        await jobs.put(scene.random.random() / 2000)


async def work(pool, jobs, results):
    loop = asyncio.get_running_loop()
    while True:
        seconds = await jobs.get()
        await loop.run_in_executor(pool, time.sleep, seconds)
        await results.put(seconds)
        jobs.task_done()


async def collect(scene, results):
    while True:
        await results.get()
        scene.step()
        if scene.chance(0.02):
            await asyncio.sleep(0.005)


async def main(scene):
    pool = concurrent.futures.ThreadPoolExecutor(3, "work")
    jobs, results = asyncio.Queue(10), asyncio.Queue(4)
    functions = [lambda: produce(scene, jobs)] * 4
    functions += [lambda: work(pool, jobs, results)] * 8
    await load.together(scene, functions + [lambda: collect(scene, results)] * 2)


load.run(__file__, main)
