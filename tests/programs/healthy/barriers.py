"""A task inside of a barrier waits for one that waits at its next round."""

import asyncio

import load

PAUSE = 0.3


async def come(barrier):
    async with barrier:
        pass


async def lead(scene, barrier):
    while True:
        async with barrier:
            await asyncio.ensure_future(come(barrier))
        scene.step()


async def follow(barrier):
    while True:
        await come(barrier)
        await asyncio.sleep(PAUSE)
        await come(barrier)


async def main(scene):
    barrier = asyncio.Barrier(2)
    await load.together(scene, [lambda: lead(scene, barrier), lambda: follow(barrier)])


if not hasattr(asyncio, "Barrier"):
    load.service.missing("asyncio.Barrier")
load.run(__file__, main)
