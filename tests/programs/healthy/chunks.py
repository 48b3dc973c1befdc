"""Callbacks and steps of tasks that compute or block for a part of a second, one after the other."""

import asyncio
import time

import load


def compute(scene, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def work(scene):
    while True:
        seconds = scene.random.uniform(0.2, 0.9)
        if scene.chance():
            time.sleep(seconds)
        else:
            compute(scene, seconds)
        scene.step()
        await asyncio.sleep(0)


async def main(scene):
    await load.together(scene, [lambda: work(scene)] * 3 + [lambda: asyncio.sleep(1000)] * 5)


load.run(__file__, main)
