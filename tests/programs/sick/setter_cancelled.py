"""Requests wait for an event that a task would have set, which a supervisor has cancelled."""

import asyncio
import sys

import service


class Tokens:
    def __init__(self, healthy):
        self.healthy = healthy
        self.fresh = asyncio.Event()
        self.refresher = None

    async def fetch(self):
        # The mistake: it takes longer than the supervisor allows.
        await asyncio.sleep(0.001 if self.healthy else 1000)  # place: cancelled

    async def refresh(self):
        await self.fetch()
        self.fresh.set()

    async def use(self):
        await self.fresh.wait()  # place: waits


async def supervise(task):
    await asyncio.wait({task}, timeout=0.1)
    task.cancel()


async def main(scene):
    if sys.version_info < (3, 11):
        service.missing("a task that keeps by what it was cancelled until somebody asks")
    await scene.begin()
    tokens = Tokens(scene.healthy)
    tokens.refresher = scene.spawn(tokens.refresh)
    requests = [
        scene.spawn(service.repeat, scene, tokens.use) for _ in range(scene.random.randint(1, 6))
    ]
    await supervise(tokens.refresher)
    await scene.until(lambda: tokens.refresher.cancelled())
    scene.expect(
        "failed",
        "likely",
        tasks=[tokens.refresher],
        behind=requests,
        places=[
            scene.place("waits", requests[0]),
            scene.place("cancelled", tokens.refresher),
        ],
        also=["nothing-can-wake"],
    )
    scene.ready_when(lambda: all(service.waits_for_lock(task, tokens.fresh) for task in requests))
    await service.forever()


service.run(__file__, main)
