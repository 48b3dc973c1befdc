"""A server that does not answer has all permits of a crawler, whose requests have no timeout."""

import asyncio

import service

try:
    import httpx
except ImportError:
    service.missing("httpx")

PACKAGES = ("httpx",)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Server:
    def __init__(self, healthy):
        self.healthy = healthy

    async def answer(self, reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                # The mistake is the server's.
                if not self.healthy:
                    await asyncio.sleep(10000)
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Crawler:
    def __init__(self, scene, url):
        self.url = url
        self.size = scene.random.randint(1, 4)
        self.limit = asyncio.Semaphore(self.size)
        # And ours: no timeout.
        self.client = httpx.AsyncClient(timeout=None, trust_env=False)

    async def fetch(self):
        async with self.limit:  # place: waits
            await self.client.get(self.url)  # place: reads


async def main(scene):
    await scene.begin()
    server = await asyncio.start_server(Server(scene.healthy).answer, "127.0.0.1", 0)
    crawler = Crawler(scene, "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1])
    holders = [scene.spawn(service.repeat, scene, crawler.fetch) for _ in range(crawler.size)]
    await asyncio.sleep(0.2)
    behind = [
        scene.spawn(service.repeat, scene, crawler.fetch) for _ in range(scene.random.randint(2, 9))
    ]
    scene.expect(
        "exhausted",
        "likely",
        tasks=holders,
        objects=[crawler.limit],
        places=[scene.place("reads", holders[0])],
        behind=behind,
    )
    scene.ready_when(
        lambda: all(map(service.waits, holders))
        and all(service.waits_for_lock(task, crawler.limit) for task in behind)
    )
    await service.forever()
    server.close()


service.run(__file__, main)
