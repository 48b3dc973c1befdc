"""Connections that are ready to be read at nearly every look, callbacks and all."""

import asyncio
import socket

import load


class Echo:
    """Reads with callbacks of its own, and answers at once."""

    def __init__(self, scene):
        self.scene = scene
        self.loop = asyncio.get_running_loop()
        self.ours, self.theirs = socket.socketpair()
        for one in (self.ours, self.theirs):
            one.setblocking(False)
        self.loop.add_reader(self.ours, self.answer, self.ours)
        self.loop.add_reader(self.theirs, self.answer, self.theirs)

    def answer(self, one):
        one.send(one.recv(100))
        self.scene.step()


class Line(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def compute(scene):
    """Works in small pieces, and lets the others go on in between."""
    total = 0
    while True:
        for number in range(50):
            total = (total * 7 + number) % 1000003
        await asyncio.sleep(0)


async def main(scene):
    loop = asyncio.get_running_loop()
    echoes = [Echo(scene) for _ in range(30)]
    for echo in echoes:
        echo.ours.send(b"ping")
    for _ in range(30):
        ours, theirs = socket.socketpair()
        first, _ = await loop.create_connection(Line, sock=ours)
        await loop.create_connection(Line, sock=theirs)
        first.write(b"ping")
    await load.together(scene, [lambda: compute(scene)] * 20)


load.run(__file__, main)
