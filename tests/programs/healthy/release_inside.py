"""Tasks that give their lock to others for a moment, inside of the `async with`."""

import asyncio

import load


async def lend(scene, lock):
    while True:
        async with lock:
            await asyncio.sleep(0)
            lock.release()
            try:
                await asyncio.sleep(0.001)
            finally:
                await lock.acquire()
        scene.step()


async def borrow(scene, lock):
    while True:
        async with lock:
            await asyncio.sleep(0)
        scene.step()


async def main(scene):
    locks = [asyncio.Lock() for _ in range(4)]
    functions = [lambda lock=lock: lend(scene, lock) for lock in locks * 2]
    functions += [lambda lock=lock: borrow(scene, lock) for lock in locks]
    await load.together(scene, functions)


load.run(__file__, main)
