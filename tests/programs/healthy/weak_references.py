"""Events that only their waiters keep, and that others reach by weak references."""

import asyncio
import weakref

import load


async def wait(scene, known):
    while True:
        event = asyncio.Event()
        known.add(event)
        await event.wait()
        scene.step()


async def wake(known):
    while True:
        await asyncio.sleep(0.05)
        for event in list(known):
            event.set()
        del event


async def main(scene):
    known = weakref.WeakSet()
    await load.together(scene, [lambda: wait(scene, known)] * 30 + [lambda: wake(known)])


load.run(__file__, main)
