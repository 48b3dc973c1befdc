"""Requests over one websocket take turns, and its server does not answer the first of them."""

import asyncio

import service

try:
    import websockets
except ImportError:
    service.missing("websockets")

PACKAGES = ("websockets",)


class Quotes:
    def __init__(self, scene):
        self.healthy = scene.healthy
        self.lock = asyncio.Lock()
        self.connection = None

    async def serve(self, connection, *_):
        async for symbol in connection:
            # The mistake is the server's.
            if self.healthy:
                await connection.send(symbol + " 42")

    async def quote(self):
        async with self.lock:  # place: waits
            await self.connection.send("EUR")
            await self.connection.recv()  # place: reads


async def main(scene):
    await scene.begin()
    quotes = Quotes(scene)
    async with websockets.serve(quotes.serve, "127.0.0.1", 0, ping_interval=None) as server:
        sockets = getattr(server, "sockets", None) or server.server.sockets
        url = "ws://127.0.0.1:%d" % list(sockets)[0].getsockname()[1]
        quotes.connection = await websockets.connect(url, ping_interval=None)
        holder = scene.spawn(service.repeat, scene, quotes.quote)
        await asyncio.sleep(0.1)
        behind = [
            scene.spawn(service.repeat, scene, quotes.quote)
            for _ in range(scene.random.randint(11, 30))
        ]
        scene.expect(
            "convoy",
            "likely",
            tasks=[holder],
            objects=[quotes.lock],
            places=[scene.place("reads", holder)],
            behind=behind,
        )
        scene.ready_when(
            lambda: service.waits(holder)
            and all(service.stuck_at(task, quotes.lock) for task in behind)
        )
        await service.forever()


service.run(__file__, main)
