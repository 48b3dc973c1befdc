"""Requests wait for an event that a task would have set, which an exception has ended, on uvloop."""

import asyncio

import service

try:
    import uvloop
except ImportError:
    service.missing("uvloop")

PACKAGES = ("uvloop",)


class Tokens:
    def __init__(self, healthy):
        self.healthy = healthy
        self.fresh = asyncio.Event()
        self.refresher = None

    def read(self, answer):
        return answer["uses"]

    async def refresh(self):
        await asyncio.sleep(0.02)
        # The mistake: it may not be in there, and nobody looks at how this task ends.
        self.read({"uses": 20} if self.healthy else {})
        self.fresh.set()

    async def take(self):
        await self.fresh.wait()  # place: waits


async def main(scene):
    await scene.begin()
    tokens = Tokens(scene.healthy)
    tokens.refresher = scene.spawn(tokens.refresh)
    requests = [
        scene.spawn(service.repeat, scene, tokens.take) for _ in range(scene.random.randint(1, 6))
    ]
    await scene.until(lambda: tokens.refresher.done())
    scene.expect(
        "failed",
        "likely",
        tasks=[tokens.refresher],
        behind=requests,
        places=[scene.place("waits", requests[0])],
        also=["nothing-can-wake"],
    )
    scene.ready_when(lambda: all(service.waits_for_lock(task, tokens.fresh) for task in requests))
    await service.forever()


uvloop.install()
service.run(__file__, main)
