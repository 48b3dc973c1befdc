"""A handler asks its own loop to run a coroutine, and waits for the result in its thread."""

import asyncio
import threading

import background
import service


async def fetch():
    await asyncio.sleep(0.01)


def settings(loop):
    return asyncio.run_coroutine_threadsafe(fetch(), loop).result()  # place: waits


async def handle(scene):
    loop = asyncio.get_running_loop()
    call = background.functools.partial(background.deep_call, scene.random, settings, loop)
    await asyncio.sleep(0.05)
    # The mistake: it is in the loop's own thread.
    if not scene.healthy:
        call()
    await loop.run_in_executor(None, call)


async def main(scene):
    await scene.begin()
    task = scene.spawn(service.repeat, scene, handle, scene)
    scene.expect(
        "deadlock",
        "likely",
        tasks=[task],
        places=[scene.place("waits", task)],
        also=["loop-blocked"],
    )
    place, thread = scene.place("waits"), threading.main_thread()
    scene.ready_when(lambda: service.thread_at(thread, place), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
