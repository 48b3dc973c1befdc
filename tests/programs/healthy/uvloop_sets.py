"""On uvloop: what a task was to do that has failed, callbacks of the loop do, but not soon."""

import asyncio
import os
import signal
import socket
import threading
import time

import load

try:
    import uvloop
except ImportError:
    load.service.missing("uvloop")

PACKAGES = ("uvloop",)

PAUSE = 8


class Link:
    """dial() has failed once: somebody else tells that it is up."""

    def __init__(self):
        self.up = asyncio.Event()
        self.dialer = asyncio.ensure_future(self.dial())

    async def dial(self):
        await asyncio.sleep(0)
        if self.up is not None:
            raise OSError("no route to host")
        self.up.set()

    def come_up(self, *_):
        self.up.set()


class Told(asyncio.Protocol):
    def __init__(self, link):
        self.link = link

    def data_received(self, _data):
        self.link.up.set()


async def by_timer(loop, link):
    loop.call_later(PAUSE, link.come_up)


async def by_closure(loop, link):
    loop.call_later(PAUSE, lambda: link.up.set())


async def by_file(loop, link):
    read, write = os.pipe()
    loop.add_reader(read, lambda: (os.read(read, 1), loop.remove_reader(read), link.up.set()))
    threading.Timer(PAUSE, os.write, [write, b"x"]).start()


async def by_signal(loop, link):
    loop.add_signal_handler(signal.SIGUSR1, link.come_up)
    threading.Timer(PAUSE, os.kill, [os.getpid(), signal.SIGUSR1]).start()


async def by_protocol(loop, link):
    ours, theirs = socket.socketpair()
    await loop.create_connection(lambda: Told(link), sock=ours)
    threading.Timer(PAUSE, theirs.send, [b"x"]).start()


def knock(address):
    time.sleep(PAUSE)
    with socket.create_connection(address) as connection:
        connection.send(b"x")


async def by_server(loop, link):
    server = await loop.create_server(lambda: Told(link), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    threading.Thread(target=knock, args=[address], daemon=True).start()


async def again_and_again(scene, begin):
    loop = asyncio.get_running_loop()
    while True:
        link = Link()
        await begin(loop, link)
        await link.up.wait()
        scene.step()


async def main(scene):
    every = (by_timer, by_closure, by_file, by_signal, by_protocol, by_server)
    await load.together(scene, [lambda one=one: again_and_again(scene, one) for one in every])


uvloop.install()
load.run(__file__, main)
