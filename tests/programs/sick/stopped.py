"""A service that somebody stops: the mistake is a signal."""

import asyncio

import service


async def work():
    await asyncio.sleep(0.01)


async def main(scene):
    await scene.begin()
    task = scene.spawn(service.repeat, scene, work)
    scene.expect("stopped", "certain", steps=["SIGSTOP"])
    scene.ready_when(lambda: not task.done())
    await service.forever()


service.run(__file__, main)
