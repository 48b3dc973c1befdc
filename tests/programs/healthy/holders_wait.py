"""Locks with many behind them, whose holders take their time: a reply, a job, a child, a timer."""

import asyncio
import socket
import sys
import threading
import time

import load

PAUSE = 0.5
BEHIND = 12


async def reply(scene):
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    while True:
        asyncio.get_running_loop().call_later(PAUSE, theirs.send, b"x")
        await reader.readexactly(1)
        yield


async def job(scene):
    while True:
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, PAUSE)
        yield


async def child(scene):
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-S", "-c", "import time; time.sleep(%s)" % PAUSE)
        await process.wait()
        yield


async def timer(scene):
    while True:
        await asyncio.sleep(30)
        yield


async def future(scene):
    while True:
        loop = asyncio.get_running_loop()
        one = loop.create_future()
        loop.call_later(PAUSE, one.set_result, None)
        await one
        yield


async def thread(scene):
    loop = asyncio.get_running_loop()
    while True:
        event = asyncio.Event()

        def wake():
            time.sleep(PAUSE)
            loop.call_soon_threadsafe(event.set)

        threading.Thread(target=wake, daemon=True).start()
        await event.wait()
        yield


async def condition(scene):
    """By one who notifies rarely."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Condition()

    async def notify():
        while True:
            await asyncio.sleep(PAUSE)
            async with waiting:
                waiting.notify_all()

    task = asyncio.ensure_future(notify())
    while True:
        async with waiting:
            await waiting.wait()
        yield task


async def use(scene, lock, steps):
    while True:
        async with lock:
            await steps.__anext__()
            scene.step()


async def main(scene):
    functions = []
    for make in (reply, job, child, timer, future, thread, condition):
        for lock in (asyncio.Lock(), asyncio.BoundedSemaphore(1), asyncio.Semaphore(1)):
            steps = make(scene)
            functions += [lambda lock=lock, steps=steps: use(scene, lock, steps)] * BEHIND
    await load.together(scene, functions)


load.run(__file__, main)
