"""Replicas of which one leads for days while the others wait for its lock; and a lock that is kept
while a child process does its work."""

import asyncio
import sys

import load

DAY = 86400
CHILD = "import time; time.sleep(9)"


class Election:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.is_led = asyncio.Event()


async def replica(election):
    async with election.lock:
        election.is_led.set()
        try:
            while True:
                await asyncio.sleep(3 * DAY)
        finally:
            election.is_led.clear()


async def follow(scene, election):
    await election.is_led.wait()
    while True:
        scene.step()
        await asyncio.sleep(0.002)


async def convert(lock):
    while True:
        async with lock:
            process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", CHILD)
            await process.wait()


async def main(scene):
    # Nobody but the program knows that it is meant to sleep for so long.
    scene.doubtful = ["convoy"]
    election, lock = Election(), asyncio.Lock()
    await load.together(
        scene,
        [lambda: replica(election)] * 13
        + [lambda: follow(scene, election)] * 3
        + [lambda: convert(lock)] * 13,
    )


load.run(__file__, main)
