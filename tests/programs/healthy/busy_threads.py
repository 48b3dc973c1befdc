"""Six other threads compute: each has the interpreter's lock for its turn, and gives it back."""

import asyncio
import threading
import zlib

import load


def compute():
    number = 0
    while True:
        number = (number * 7 + 3) % 1000003


def compress(data):
    # Calls that keep the lock for a while, and end.
    while True:
        sorted(data)
        zlib.crc32(b"x")


async def tick(scene):
    while True:
        await asyncio.sleep(0.02)
        scene.step()


async def main(scene):
    data = [(number * 7919) % 10007 for number in range(10007)]
    for number in range(6):
        if number % 2:
            threading.Thread(target=compress, args=[data], daemon=True).start()
        else:
            threading.Thread(target=compute, daemon=True).start()
    await load.together(scene, [lambda: tick(scene)] * 20)


load.run(__file__, main)
