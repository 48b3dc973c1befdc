"""A response of aiohttp's client was never released; its connection is the only one allowed."""

import asyncio

import service

try:
    import aiohttp
except ImportError:
    service.missing("aiohttp")

PACKAGES = ("aiohttp",)
# More than the client reads by itself.
BODY = b"x" * 4000000
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


async def answer(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


class Mirror:
    def __init__(self, scene, url):
        self.healthy = scene.healthy
        self.url = url
        self.kept = []
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1), timeout=aiohttp.ClientTimeout(total=None)
        )

    async def head(self):
        response = await self.session.get(self.url)
        self.kept.append(response)
        # The mistake: it is not closed.
        if self.healthy:
            response.close()

    async def fetch(self):
        async with self.session.get(self.url) as response:  # place: waits
            await response.read()


async def main(scene):
    await scene.begin()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    mirror = Mirror(scene, "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1])
    await scene.spawn(mirror.head)
    tasks = [
        scene.spawn(service.repeat, scene, mirror.fetch) for _ in range(scene.random.randint(1, 6))
    ]
    scene.expect(
        "exhausted",
        "likely",
        or_kinds=["never-released"],
        behind=tasks,
        places=[scene.place("waits", tasks[0])],
        # Its server writes to a connection that the client does not read from.
        also=["convoy", "stalled"],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()
    server.close()


service.run(__file__, main)
