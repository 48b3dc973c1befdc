"""Pools of threads with much more work queued than they can do at once, which they do."""

import asyncio
import concurrent.futures
import time

import load

PAUSE = 0.4


def job():
    time.sleep(PAUSE)


async def client(scene, pool):
    while True:
        await asyncio.get_running_loop().run_in_executor(pool, job)
        scene.step()


async def main(scene):
    functions = []
    for workers in (1, 2, 4):
        pool = concurrent.futures.ThreadPoolExecutor(workers)
        functions += [lambda pool=pool: client(scene, pool)] * 20
    await load.together(scene, functions)


load.run(__file__, main)
