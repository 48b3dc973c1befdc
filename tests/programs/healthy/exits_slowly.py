"""The end of a service that takes its time: jobs are finished, connections closed, one by one."""

import asyncio
import threading
import time

import load


def work(scene):
    # What a thread that is no daemon still has to do.
    for _ in range(2000):
        time.sleep(0.03)
        scene.step()


async def deliver(scene):
    try:
        await asyncio.sleep(1000)
    finally:
        for _ in range(300):
            await asyncio.sleep(0.05)
            scene.step()


async def serve(scene):
    await asyncio.gather(*[deliver(scene) for _ in range(20)])


async def main(scene):
    threads = [threading.Thread(target=work, args=[scene]) for _ in range(3)]
    for thread in threads:
        thread.start()
    asyncio.get_running_loop().run_in_executor(None, work, scene)
    if scene.chance(0.3):
        asyncio.ensure_future(serve(scene))
        await asyncio.sleep(0)


load.run(__file__, main)
