"""Twelve locks, taken and given by forty tasks; several at a time, always in the same order."""

import asyncio

import load


async def take(scene, locks):
    while True:
        number = scene.random.randrange(len(locks))
        async with locks[number]:
            await asyncio.sleep(0)
            if number + 1 < len(locks):
                async with locks[number + 1]:
                    await asyncio.sleep(0)
        scene.step()
        if scene.chance(0.01):
            await asyncio.sleep(0.001)


async def main(scene):
    locks = [asyncio.Lock() for _ in range(12)]
    await load.together(scene, [lambda: take(scene, locks)] * 40)


load.run(__file__, main)
