"""Requests wait for an event that a task would have set, which has ended by an exception."""

import asyncio

import service


class NoRoute(Exception):
    pass


class Link:
    def __init__(self, healthy):
        self.healthy = healthy
        self.up = asyncio.Event()
        self.dialer = None

    async def dial(self):
        await asyncio.sleep(0.02)
        # The mistake: nobody looks at how this task ends.
        if not self.healthy:
            raise NoRoute("to host")
        self.up.set()

    async def send(self):
        await self.up.wait()  # place: waits


async def main(scene):
    await scene.begin()
    link = Link(scene.healthy)
    link.dialer = scene.spawn(link.dial)
    requests = [
        scene.spawn(service.repeat, scene, link.send) for _ in range(scene.random.randint(1, 6))
    ]
    await scene.until(lambda: link.dialer.done())
    scene.expect(
        "failed",
        "likely",
        tasks=[link.dialer],
        behind=requests,
        places=[scene.place("waits", requests[0])],
        also=["nothing-can-wake"],
    )
    scene.ready_when(lambda: all(service.waits_for_lock(task, link.up) for task in requests))
    await service.forever()


service.run(__file__, main)
