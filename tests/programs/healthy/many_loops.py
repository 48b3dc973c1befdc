"""Four loops in threads, each with steps of a part of a second, that ask each other."""

import asyncio
import threading
import time

import load

PAUSE = 0.4


async def answer(scene):
    time.sleep(scene.random.uniform(0, PAUSE))
    scene.step()


async def ask(scene, loops):
    while True:
        loop = scene.random.choice(loops)
        if loop is not asyncio.get_running_loop():
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer(scene), loop))
        await asyncio.sleep(0.01)


def run(scene, loop, loops):
    asyncio.set_event_loop(loop)
    loop.tasks = [loop.create_task(ask(scene, loops)) for _ in range(4)]
    loop.run_forever()


async def main(scene):
    loops = [asyncio.new_event_loop() for _ in range(4)]
    for loop in loops:
        threading.Thread(target=run, args=[scene, loop, loops], daemon=True).start()
    while True:
        await asyncio.sleep(0.1)


load.run(__file__, main)
