"""A broadcast to several connections, one of whose peers has stopped reading."""

import asyncio
import socket

import service


class Broadcast:
    def __init__(self, scene):
        self.scene = scene
        self.writers = []
        self.keep = []

    async def accept(self, reader, writer):
        self.writers.append(writer)
        await reader.read()

    async def open(self, count):
        server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        slow = self.scene.random.randrange(count)
        for number in range(count):
            client = socket.create_connection(address[:2])
            client.setblocking(False)
            self.keep.append(client)
            # The mistake is the peer's.
            if self.scene.healthy or number != slow:
                asyncio.get_running_loop().add_reader(client, client.recv, 1 << 20)
        self.keep.append(server)
        while len(self.writers) < count:
            await asyncio.sleep(0.01)

    async def send(self, size):
        for writer in self.writers:
            writer.write(b"x" * size)
            await writer.drain()  # place: drains


async def main(scene):
    await scene.begin()
    broadcast = Broadcast(scene)
    await broadcast.open(scene.random.randint(2, 6))
    size = scene.random.randint(100, 300) * 1000
    task = scene.spawn(service.repeat, scene, broadcast.send, size)
    scene.expect("stalled", "likely", tasks=[task], places=[scene.place("drains", task)])
    scene.ready_when(
        lambda: service.waits(task)
        and any(one.transport._protocol_paused for one in broadcast.writers),
        service.SETTLE_BLOCKED,
    )
    await service.forever()


service.run(__file__, main)
