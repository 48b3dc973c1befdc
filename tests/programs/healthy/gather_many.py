"""One gather() over thousands of tasks that end at once: thousands of callbacks are ready."""

import asyncio

import load


async def item(event):
    await event.wait()


async def rounds(scene):
    while True:
        event = asyncio.Event()
        waiting = asyncio.gather(*[item(event) for _ in range(3000)])
        await asyncio.sleep(0.001)
        event.set()
        await waiting
        scene.step()


async def main(scene):
    await load.together(scene, [lambda: rounds(scene)])


load.run(__file__, main)
