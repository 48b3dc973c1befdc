"""A call waits for an answer that nobody can give it: it was struck off the list."""

import asyncio

import service


class Client:
    def __init__(self, scene):
        self.scene = scene
        self.loop = asyncio.get_running_loop()
        self.pending = {}
        self.number = 0

    async def call(self):
        self.number += 1
        future = self.pending[self.number] = self.loop.create_future()
        self.loop.call_later(0.05, self.expire, self.number)
        await future  # place: waits

    def expire(self, number):
        future = self.pending.pop(number)
        # The mistake: it is not told.
        if self.scene.healthy:
            future.set_result(None)


async def main(scene):
    await scene.begin()
    client = Client(scene)
    tasks = [
        scene.spawn(service.repeat, scene, client.call) for _ in range(scene.random.randint(1, 5))
    ]
    await asyncio.sleep(0.02)
    scene.expect(
        "nothing-can-wake", "certain", tasks=tasks, places=[scene.place("waits", tasks[0])]
    )
    scene.ready_when(lambda: not client.pending and all(map(service.waits, tasks)))
    await service.forever()


service.run(__file__, main)
