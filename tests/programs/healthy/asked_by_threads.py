"""Threads that ask the loop for results and wait for them, of tasks that take their time."""

import asyncio
import threading
import time

import load

PAUSE = 0.4


async def answer(scene, lock):
    async with lock:
        await asyncio.sleep(scene.random.uniform(0, PAUSE))
    scene.step()


def ask(scene, loop, lock, mine):
    while True:
        with mine:
            asyncio.run_coroutine_threadsafe(answer(scene, lock), loop).result()


async def wait_for_thread(scene, mine):
    def use():
        with mine:
            pass

    while True:
        await asyncio.get_running_loop().run_in_executor(None, use)


async def main(scene):
    loop = asyncio.get_running_loop()
    lock, mine = asyncio.Lock(), threading.Lock()
    for _ in range(4):
        threading.Thread(target=ask, args=[scene, loop, lock, mine], daemon=True).start()
    await load.together(scene, [lambda: wait_for_thread(scene, mine)] * 3)


load.run(__file__, main)
