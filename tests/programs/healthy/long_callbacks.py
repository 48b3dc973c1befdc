"""A loop whose callbacks take long, but each less than a second, and that polls after each."""

import asyncio
import time

import load

PAUSE = 0.3


def compute(loop):
    end = time.monotonic() + PAUSE
    while time.monotonic() < end:
        pass
    loop.call_later(0.01, compute, loop)


async def main(scene):
    asyncio.get_running_loop().call_soon(compute, asyncio.get_running_loop())
    while True:
        await asyncio.sleep(0.1)
        scene.step()


load.run(__file__, main)
