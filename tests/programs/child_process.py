"""Tasks waiting for a child process: for its output, its end, both."""
import asyncio

import report

COMMAND = ["sh", "-c", "echo started; exec sleep 3600"]


async def start(started):
    process = await asyncio.create_subprocess_exec(*COMMAND, stdout=asyncio.subprocess.PIPE)
    await process.stdout.readline()
    started.release()
    return process


async def read(started):
    await (await start(started)).stdout.read()


async def wait(started):
    await (await start(started)).wait()


async def communicate(started):
    await (await start(started)).communicate()


async def main():
    started = asyncio.Semaphore(0)
    tasks = [
        asyncio.create_task(function(started), name=function.__name__)
        for function in (read, wait, communicate)
    ]
    for _ in tasks:
        await started.acquire()
    report.ready()
    await asyncio.sleep(3600)
    return tasks


asyncio.run(main())
