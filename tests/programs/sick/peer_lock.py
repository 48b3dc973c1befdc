"""A client has a lock while it waits for an answer, and the server that is to give it wants the lock.

Both are in one process, and talk over a connection.
"""

import asyncio
import socket

import service


class Accounts:
    def __init__(self, scene):
        self.scene = scene
        self.lock = asyncio.Lock()
        self.handler = None

    async def serve(self, reader, writer):
        self.handler = asyncio.current_task()
        while True:
            line = await reader.readline()
            if not line:
                break
            async with self.lock:  # place: serves
                await asyncio.sleep(0.01)
            writer.write(line)
        writer.close()

    async def transfer(self, reader, writer):
        # The mistake: the server takes the same lock.
        if not self.scene.healthy:
            async with self.lock:  # place: holds
                writer.write(b"transfer\n")
                await reader.readline()  # place: reads
        writer.write(b"status\n")
        await reader.readline()


async def main(scene):
    await scene.begin()
    accounts = Accounts(scene)
    server = await asyncio.start_server(accounts.serve, "127.0.0.1", 0, family=socket.AF_INET)
    streams = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    task = scene.spawn(service.repeat, scene, accounts.transfer, *streams)
    del streams
    await scene.until(lambda: accounts.handler and service.stuck_at(accounts.handler, accounts.lock))
    scene.expect(
        "deadlock",
        "likely",
        tasks=[task] + ([accounts.handler] if accounts.handler else []),
        objects=[accounts.lock],
        in_core="possible",
        places=[scene.place("serves"), scene.place("reads", task), scene.place("holds", task)],
    )
    scene.ready_when(
        lambda: service.stuck_at(accounts.handler, accounts.lock) and service.waits(task)
    )
    await service.forever()


service.run(__file__, main)
