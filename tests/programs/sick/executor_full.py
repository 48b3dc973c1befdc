"""All threads of a pool wait, without a deadline, for a server that does not answer."""

import asyncio
import concurrent.futures
import socket

import service


class Legacy:
    """A client that blocks its thread."""

    def __init__(self, scene):
        self.healthy = scene.healthy
        self.size = scene.random.randint(2, 8)
        self.pool = concurrent.futures.ThreadPoolExecutor(self.size, "legacy")
        self.server = socket.socket()
        self.server.bind(("127.0.0.1", 0))
        self.server.listen(100)

    def call(self):
        client = socket.create_connection(self.server.getsockname())
        # It accepts, and does not answer.
        peer = self.server.accept()[0]
        # The mistake: no timeout.
        if self.healthy:
            client.settimeout(0.01)
        try:
            client.recv(100)  # place: receives
        except OSError:
            client.close()
            peer.close()

    async def ask(self):
        await asyncio.get_running_loop().run_in_executor(self.pool, self.call)  # place: asks


async def main(scene):
    await scene.begin()
    legacy = Legacy(scene)
    tasks = [
        scene.spawn(service.repeat, scene, legacy.ask)
        for _ in range(legacy.size + scene.random.randint(2, 9))
    ]
    scene.expect(
        "exhausted",
        "likely",
        places=[scene.place("receives")],
        behind=tasks,
        also=["convoy"],
    )
    place = scene.place("receives")
    scene.ready_when(
        lambda: all(map(service.waits, tasks))
        and sum(service.thread_at(thread, place) for thread in legacy.pool._threads) == legacy.size
    )
    await service.forever()


service.run(__file__, main)
