"""A stream's peer does not read any more, and drain() waits for it."""

import asyncio
import socket

import service


class Subscriber:
    def __init__(self, scene):
        self.healthy = scene.healthy
        self.ours, self.theirs = socket.socketpair()
        self.writer = None
        self.size = scene.random.randint(1000, 3000) * 1000

    async def open(self):
        _, self.writer = await asyncio.open_connection(sock=self.ours)
        # The mistake is the other side's: it does not read.
        if self.healthy:
            self.theirs.setblocking(False)
            asyncio.get_running_loop().add_reader(self.theirs, self.receive)

    def receive(self):
        self.theirs.recv(1 << 20)

    async def publish(self):
        self.writer.write(b"x" * self.size)
        await self.writer.drain()  # place: drains


async def main(scene):
    await scene.begin()
    subscriber = Subscriber(scene)
    await subscriber.open()
    task = scene.spawn(service.repeat, scene, subscriber.publish)
    scene.expect("stalled", "likely", tasks=[task], places=[scene.place("drains", task)])
    scene.ready_when(lambda: service.waits(task))
    await service.forever()


service.run(__file__, main)
