"""Another thread calls C that keeps the interpreter's lock for a part of a second, and sleeps."""

import asyncio
import threading
import time

import load


def compute(scene):
    numbers = list(range(1000, 0, -1)) * 1500
    while True:
        sorted(numbers, key=None, reverse=False)
        sum(range(int(8e6)))
        time.sleep(0.05)


async def main(scene):
    # On a machine that has no time to give it may be for longer.
    scene.doubtful = ["loop-starved"]
    for _ in range(2):
        threading.Thread(target=compute, args=[scene], daemon=True).start()
    while True:
        await asyncio.sleep(0.01)
        scene.step()


load.run(__file__, main)
