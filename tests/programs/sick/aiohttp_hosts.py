"""Responses of aiohttp's client were never released; all connections to that host are out, and who
wants one waits for minutes."""

import asyncio

import service

try:
    import aiohttp
except ImportError:
    service.missing("aiohttp")

PACKAGES = ("aiohttp",)
BODY = b"x" * 4000000
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


async def answer(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


class Prices:
    def __init__(self, scene, url):
        self.healthy = scene.healthy
        self.url = url
        self.size = scene.random.randint(1, 3)
        self.kept = {}
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit_per_host=self.size)
        )

    async def probe(self, number):
        response = await self.session.get(self.url)
        self.kept[number] = response
        # The mistake: only its status was wanted.
        if self.healthy:
            response.close()

    async def fetch(self):
        async with self.session.get(self.url) as response:  # place: waits
            await response.read()


async def main(scene):
    await scene.begin()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    prices = Prices(scene, "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1])
    for number in range(prices.size):
        await scene.spawn(prices.probe, number)
    tasks = [
        scene.spawn(service.repeat, scene, prices.fetch) for _ in range(scene.random.randint(1, 6))
    ]
    scene.expect(
        "exhausted",
        "likely",
        or_kinds=["never-released"],
        tasks=tasks,
        places=[scene.place("waits", tasks[0])],
        # Its server writes to connections that the client does not read from.
        also=["convoy", "stalled"],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()
    server.close()


service.run(__file__, main)
