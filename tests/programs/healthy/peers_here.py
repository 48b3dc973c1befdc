"""Clients and servers of one process: answers on their way, taken locks, idle connections.

A server answers, and only then takes the lock which the client has while it waits for the answer. Some
are slow, so that many wait for the lock meanwhile, or read little and not often. Others read what
nobody sends for as long as they live, with a lock that the server wants now and then; and much is
sent in both directions, each side of which reads as well.
"""

import asyncio
import socket

import load

CHUNK = b"x" * 200000


class Ledger:
    def __init__(self, scene, pause):
        self.scene = scene
        self.pause = pause
        self.lock = asyncio.Lock()

    async def serve(self, reader, writer):
        while True:
            line = await reader.readline()
            if not line:
                break
            await asyncio.sleep(self.pause)
            writer.write(line)
            async with self.lock:
                self.scene.step()
        writer.close()

    async def use(self, address):
        reader, writer = await asyncio.open_connection(*address)
        while True:
            async with self.lock:
                writer.write(b"entry\n")
                await reader.readline()
            await asyncio.sleep(0)


class News:
    """Who has subscribed reads, and has a lock; the server sends something now and then."""

    def __init__(self, scene):
        self.scene = scene
        self.reading = asyncio.Lock()

    async def serve(self, reader, writer):
        while True:
            await asyncio.sleep(0.3)
            writer.write(b"news\n")
            try:
                await asyncio.wait_for(self.reading.acquire(), 0.2)
            except asyncio.TimeoutError:
                continue
            self.reading.release()

    async def use(self, address):
        reader, writer = await asyncio.open_connection(*address)
        async with self.reading:
            while await reader.readline():
                self.scene.step()


async def idle(reader, writer):
    """Both sides read, and nobody writes."""
    await reader.readline()


async def stay(address):
    reader, writer = await asyncio.open_connection(*address)
    await reader.readline()


async def pour(scene, reader, writer):
    """Both sides send much, and a task of each reads."""

    async def take():
        while await reader.read(100000):
            await asyncio.sleep(0.01)

    taking = asyncio.ensure_future(take())
    while not taking.done():
        writer.write(CHUNK)
        await writer.drain()
        scene.step()


async def take_slowly(reader, writer):
    while await reader.read(100000):
        await asyncio.sleep(20)


async def send(address):
    reader, writer = await asyncio.open_connection(*address)
    while True:
        writer.write(CHUNK)
        await writer.drain()


async def listen(serve):
    server = await asyncio.start_server(serve, "127.0.0.1", 0, family=socket.AF_INET)
    return server.sockets[0].getsockname()[:2]


async def main(scene):
    functions = []
    for pause in (0, 0.05, 1.5):
        ledger = Ledger(scene, pause)
        address = await listen(ledger.serve)
        functions += [lambda ledger=ledger, address=address: ledger.use(address)] * 3
    slow = Ledger(scene, 25)
    address = await listen(slow.serve)
    functions += [lambda address=address: slow.use(address)] * 15
    address = await listen(take_slowly)
    functions += [lambda address=address: send(address)] * 2
    news = News(scene)
    address = await listen(news.serve)
    functions.append(lambda address=address: news.use(address))
    address = await listen(idle)
    functions += [lambda address=address: stay(address)] * 5

    async def serve(reader, writer):
        await pour(scene, reader, writer)

    pouring = await listen(serve)

    async def connect():
        await pour(scene, *await asyncio.open_connection(*pouring))

    functions += [connect] * 2
    await load.together(scene, functions)


load.run(__file__, main)
