"""Tasks that are told to end, and have something to finish first: a reply, a job, a child."""

import asyncio
import socket
import subprocess
import sys
import time

import load

PAUSE = 0.5


async def reply():
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    asyncio.get_running_loop().call_later(PAUSE, theirs.send, b"x")
    await reader.readexactly(1)
    writer.close()
    theirs.close()


async def job():
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, PAUSE)


async def child():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", "import time; time.sleep(%s)" % PAUSE)
    await process.wait()


async def event():
    one = asyncio.Event()
    asyncio.get_running_loop().call_later(PAUSE, one.set)
    await one.wait()


async def other():
    await asyncio.ensure_future(event())


async def clean(finish):
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        await finish()
        raise


async def clean_finally(finish):
    try:
        await asyncio.sleep(1000)
    finally:
        await asyncio.shield(finish())


async def work(scene, function, finish):
    while True:
        tasks = [asyncio.ensure_future(function(finish)) for _ in range(2)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        scene.step()


async def main(scene):
    await load.together(
        scene,
        [lambda function=function, finish=finish: work(scene, function, finish)
         for function in (clean, clean_finally) for finish in (reply, job, child, event, other)])


load.run(__file__, main)
