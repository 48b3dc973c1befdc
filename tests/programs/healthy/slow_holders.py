"""Holders that stand still for a while: one waits for an answer that takes five seconds, one for a
timer, one for a thread that computes, while a dozen queue for what they have."""

import asyncio
import concurrent.futures
import hashlib
import socket
import time

import load

WAITERS = 12
ANSWER_SECONDS = 5


class Peer:
    """Answers after a while, over a connection that has no timeout."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        for one in (self.ours, self.theirs):
            one.setblocking(False)

    async def answer(self):
        loop = asyncio.get_running_loop()
        while await loop.sock_recv(self.theirs, 100):
            await asyncio.sleep(ANSWER_SECONDS)
            await loop.sock_sendall(self.theirs, b"answer")

    async def ask(self):
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.ours, b"question")
        await loop.sock_recv(self.ours, 100)


class Directory:
    def __init__(self, limit, work):
        self.limit = limit
        self.work = work

    async def refresh(self, scene):
        while True:
            async with self.limit:
                await self.work()
            scene.step()

    async def look_up(self):
        while True:
            async with self.limit:
                await asyncio.sleep(0)


def compute():
    ends = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < ends:
        hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 1000000)


async def main(scene):
    pool = concurrent.futures.ThreadPoolExecutor(2)
    loop = asyncio.get_running_loop()
    functions = []
    for limit in (asyncio.Lock(), asyncio.Semaphore(1)):
        peer = Peer()
        functions.append(peer.answer)
        for own, work in (
            (limit, peer.ask),
            (type(limit)(), lambda: asyncio.sleep(3 * ANSWER_SECONDS)),
            (type(limit)(), lambda: loop.run_in_executor(pool, compute)),
        ):
            directory = Directory(own, work)
            functions.append(lambda directory=directory: directory.refresh(scene))
            functions += [directory.look_up] * WAITERS
    await load.together(scene, functions)


load.run(__file__, main)
