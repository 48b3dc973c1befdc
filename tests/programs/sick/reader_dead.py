"""Calls wait for answers, and the task that reads these has ended by an exception."""

import asyncio
import itertools
import json
import socket

import service


class Remote:
    """The other side: what it sends is not always JSON."""

    def __init__(self, healthy):
        self.healthy = healthy
        self.count = 0

    async def serve(self, reader, writer):
        while True:
            line = await reader.readline()
            if not line:
                break
            self.count += 1
            bad = not self.healthy and self.count > 5
            writer.write(b"<html>\n" if bad else line)


class Client:
    def __init__(self):
        self.pending = {}
        self.numbers = itertools.count(1)
        self.writer = None
        self.reading = None

    async def connect(self, address):
        reader, self.writer = await asyncio.open_connection(*address)
        self.reading = asyncio.ensure_future(self.read(reader))

    async def read(self, reader):
        while True:
            line = await reader.readline()
            # The mistake: who reads ends with it, and nobody is told.
            answer = json.loads(line)
            self.pending.pop(answer["id"]).set_result(answer)

    def send(self, call):
        self.writer.write(json.dumps(call).encode() + b"\n")

    async def call(self, method):
        number = next(self.numbers)
        future = asyncio.get_running_loop().create_future()
        self.pending[number] = future
        self.send({"id": number, "method": method})
        return await future  # place: waits


CLIENTS = {}


async def ask(name):
    await CLIENTS[name].call("status")


async def main(scene):
    await scene.begin()
    remote = Remote(scene.healthy)
    server = await asyncio.start_server(remote.serve, "127.0.0.1", 0, family=socket.AF_INET)
    client = CLIENTS["billing"] = Client()
    await client.connect(server.sockets[0].getsockname()[:2])
    tasks = [
        scene.spawn(service.repeat, scene, ask, "billing")
        for _ in range(scene.random.randint(2, 40))
    ]
    await scene.until(lambda: client.reading.done() and all(map(service.waits, tasks)))
    scene.expect(
        "failed",
        "likely",
        tasks=[client.reading],
        behind=tasks,
        places=[scene.place("waits", tasks[0])],
        also=["nothing-can-wake"],
    )
    scene.ready_when(lambda: client.reading.done() and all(map(service.waits, tasks)))
    await service.forever()


service.run(__file__, main)
