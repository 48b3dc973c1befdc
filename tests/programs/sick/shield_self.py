"""A task shields itself, which is to await itself."""

import asyncio

import service


class Job:
    def __init__(self):
        self.task = None

    async def save(self):
        await asyncio.sleep(0.01)

    async def run(self, healthy):
        self.task = asyncio.current_task()
        await asyncio.sleep(0.02)
        # The mistake: self.task is this one.
        inner = asyncio.ensure_future(self.save()) if healthy else self.task
        await asyncio.shield(inner)  # place: waits


async def main(scene):
    await scene.begin()
    job = Job()
    task = scene.spawn(service.repeat, scene, job.run, scene.healthy)
    scene.expect("deadlock", "certain", tasks=[task], places=[scene.place("waits", task)])
    scene.ready_when(lambda: service.waits(task) and service.waiter_of(task)._callbacks)
    await service.forever()


service.run(__file__, main)
