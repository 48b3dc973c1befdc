"""A call waits for an answer to which a forgotten dict still leads, and nothing else."""

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
        # The mistake: the request is never sent.
        if self.scene.healthy:
            self.loop.call_later(0.02, self.answered, self.number)
        await future  # place: waits

    def answered(self, number):
        self.pending.pop(number).set_result(None)


async def main(scene):
    await scene.begin()
    client = Client(scene)
    tasks = [
        scene.spawn(service.repeat, scene, client.call) for _ in range(scene.random.randint(1, 5))
    ]
    await asyncio.sleep(0.02)
    scene.expect(
        "nothing-can-wake", "possible", tasks=tasks, places=[scene.place("waits", tasks[0])]
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)))
    await service.forever()


service.run(__file__, main)
