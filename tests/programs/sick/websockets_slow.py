"""A websocket whose client has stopped reading, and a send() that waits for it."""

import asyncio
import socket

import service

try:
    import websockets
except ImportError:
    service.missing("websockets")

PACKAGES = ("websockets",)
HELLO = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Feed:
    def __init__(self, scene):
        self.scene = scene
        self.size = scene.random.randint(1000, 3000) * 1000
        self.sender = None

    async def handle(self, connection):
        self.sender = asyncio.current_task()
        while True:
            await connection.send("x" * self.size)  # place: sends
            self.scene.step()
            await asyncio.sleep(0.05)


async def read(client):
    while await asyncio.get_running_loop().sock_recv(client, 1 << 20):
        pass


async def main(scene):
    await scene.begin()
    feed = Feed(scene)
    options = {"ping_interval": None, "compression": None}
    async with websockets.serve(feed.handle, "127.0.0.1", 0, **options) as server:
        sockets = getattr(server, "sockets", None) or server.server.sockets
        client = socket.create_connection(list(sockets)[0].getsockname())
        client.sendall(HELLO)
        client.setblocking(False)
        # The mistake is the client's: it does not read.
        if scene.healthy:
            scene.spawn(read, client)
        await scene.until(lambda: feed.sender)
        scene.expect(
            "stalled",
            "likely",
            tasks=[feed.sender] if feed.sender else [],
            places=[scene.place("sends")],
        )
        scene.ready_when(lambda: service.waits(feed.sender), service.SETTLE_BLOCKED)
        await service.forever()


service.run(__file__, main)
