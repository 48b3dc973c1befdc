"""A streamed response of httpx was never closed; its connection is the only one allowed."""

import asyncio

import service

try:
    import httpx
except ImportError:
    service.missing("httpx")

PACKAGES = ("httpx",)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


async def answer(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


class Mirror:
    def __init__(self, scene, url):
        self.healthy = scene.healthy
        self.url = url
        self.kept = []
        limits = httpx.Limits(max_connections=1)
        self.client = httpx.AsyncClient(limits=limits, timeout=None, trust_env=False)

    async def head(self):
        request = self.client.build_request("GET", self.url)
        response = await self.client.send(request, stream=True)
        self.kept.append(response)
        # The mistake: it is not closed.
        if self.healthy:
            await response.aclose()

    async def fetch(self):
        await self.client.get(self.url)  # place: waits


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
        also=["convoy"],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()
    server.close()


service.run(__file__, main)
