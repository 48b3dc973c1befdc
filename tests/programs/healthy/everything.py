"""The load of the sick programs alone, as large as it gets."""

import asyncio

import load
import service


async def main(scene):
    await scene.begin(tasks=400)
    scene.spawn(service.repeat, scene, asyncio.sleep, 0)
    await service.forever()


load.run(__file__, main)
