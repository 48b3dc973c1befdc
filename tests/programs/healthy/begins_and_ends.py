"""Services that begin and end all the time, each with its loop, in several threads."""

import asyncio
import threading
import time

import load

PAUSE = 0.2


async def serve(scene):
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(scene.random.uniform(0, PAUSE))
        scene.step()


async def once(scene):
    tasks = [asyncio.ensure_future(serve(scene)) for _ in range(10)]
    await asyncio.sleep(scene.random.uniform(0, PAUSE))
    if scene.chance():
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run(scene):
    while True:
        asyncio.run(once(scene))
        if scene.chance(0.3):
            time.sleep(PAUSE)


async def main(scene):
    for _ in range(4):
        threading.Thread(target=run, args=[scene], daemon=True).start()
    while True:
        await asyncio.sleep(0.01)


load.run(__file__, main)
