"""Workers that survive the cancellation of a job, as they are meant to."""

import asyncio

import load


class Worker:
    def __init__(self, scene):
        self.scene = scene
        self.jobs = asyncio.Queue()
        self.task = None

    async def run(self):
        self.task = asyncio.current_task()
        while True:
            seconds = await self.jobs.get()
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                self.scene.step()

    async def disturb(self):
        while True:
            self.jobs.put_nowait(5)
            await asyncio.sleep(0.003)
            self.task.cancel()
            await asyncio.sleep(0.002)


async def main(scene):
    workers = [Worker(scene) for _ in range(5)]
    functions = [worker.run for worker in workers]
    await load.together(scene, functions + [worker.disturb for worker in workers])


load.run(__file__, main)
