"""Peers and children that take little at a time, and not often."""

import asyncio
import socket
import subprocess
import sys

import load

PAUSE = 0.35
CHILD = "import time, os\nwhile os.read(0, 20000): time.sleep(%s)" % PAUSE


async def take(scene, sock):
    loop = asyncio.get_running_loop()
    while await loop.sock_recv(sock, 20000):
        scene.step()
        await asyncio.sleep(PAUSE)


async def send(scene):
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    task = asyncio.ensure_future(take(scene, theirs))
    reader, writer = await asyncio.open_connection(sock=ours)
    while True:
        writer.write(b"x" * 300000)
        await writer.drain()
        scene.step()


async def feed(scene):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", CHILD, stdin=subprocess.PIPE)
    while True:
        process.stdin.write(b"x" * 300000)
        await process.stdin.drain()
        scene.step()


async def convert(scene):
    child = "import sys\nwhile True: sys.stdout.write('x' * 100000)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", child, stdout=subprocess.PIPE)
    asyncio.ensure_future(process.wait())
    while True:
        await process.stdout.read(30000)
        await asyncio.sleep(PAUSE)
        scene.step()


async def main(scene):
    await load.together(
        scene, [lambda: send(scene)] * 5 + [lambda: feed(scene)] + [lambda: convert(scene)])


load.run(__file__, main)
