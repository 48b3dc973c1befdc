"""Another thread computes, and lets the loop have the interpreter's lock now and then."""

import asyncio
import threading

import load


def compute():
    number = 0
    while True:
        number = (number * 7 + 3) % 1000003


async def tick(scene):
    while True:
        await asyncio.sleep(0.002)
        scene.step()


async def main(scene):
    threading.Thread(target=compute, name="compute", daemon=True).start()
    await load.together(scene, [lambda: tick(scene)] * 20)


load.run(__file__, main)
