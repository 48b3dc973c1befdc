"""The end of a service: tasks finish a request each, threads their jobs, one after the other."""

import asyncio
import concurrent.futures
import queue
import socket
import threading
import time

import load

PAUSE = 0.6


async def connection(scene, seconds):
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        await asyncio.sleep(1000)
    finally:
        for _ in range(int(seconds / PAUSE)):
            asyncio.get_running_loop().call_later(PAUSE, theirs.send, b"x")
            await reader.readexactly(1)
            scene.step()


def consume(scene, jobs, seconds):
    for _ in range(int(seconds / PAUSE)):
        jobs.get()
        scene.step()


def produce(jobs):
    while True:
        time.sleep(PAUSE / 3)
        jobs.put(1)


async def main(scene):
    jobs = queue.Queue()
    if scene.chance():
        for number in range(3):
            threading.Thread(target=consume, args=[scene, jobs, 20 + number]).start()
    threading.Thread(target=produce, args=[jobs], daemon=True).start()
    scene.tasks = [asyncio.ensure_future(connection(scene, 10 + n)) for n in range(10)]
    pool = asyncio.get_running_loop().run_in_executor(None, consume, scene, jobs, 30)
    scene.step(), scene.step(), scene.step()
    await asyncio.sleep(0.1)


load.run(__file__, main)
