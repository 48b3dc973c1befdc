"""A pool of forked processes, each of which still has the tasks and frames of its parent."""

import asyncio
import concurrent.futures
import multiprocessing
import signal
import time
import warnings

import load

warnings.simplefilter("ignore", DeprecationWarning)


async def compute(scene, pool, lock):
    loop = asyncio.get_running_loop()
    while True:
        await loop.run_in_executor(pool, time.sleep, 0.001)
        async with lock:
            await asyncio.sleep(0)
        scene.step()


async def main(scene):
    context = multiprocessing.get_context("fork")
    # They end with us, or by themselves.
    pool = concurrent.futures.ProcessPoolExecutor(
        2, mp_context=context, initializer=signal.alarm, initargs=[load.SECONDS]
    )
    lock = asyncio.Lock()
    await load.together(scene, [lambda: compute(scene, pool, lock)] * 8)


load.run(__file__, main)
