"""A handler waits in the loop's thread for a job that takes long in another."""

import asyncio
import concurrent.futures
import threading
import time

import background
import service


class Archive:
    def __init__(self, scene):
        self.pool = concurrent.futures.ThreadPoolExecutor(scene.random.randint(1, 3), "archive")
        self.seconds = 0.01 if scene.healthy else 2000

    def pack(self):
        time.sleep(self.seconds)

    def packed(self):
        return self.pool.submit(self.pack).result()  # place: waits


async def handle(scene, archive):
    await asyncio.sleep(0.05)
    # The mistake: result() where wrap_future() was meant.
    if not scene.healthy:
        background.deep_call(scene.random, archive.packed)
    await asyncio.wrap_future(archive.pool.submit(archive.pack))


async def main(scene):
    await scene.begin()
    archive = Archive(scene)
    task = scene.spawn(service.repeat, scene, handle, scene, archive)
    scene.expect("loop-blocked", "certain", tasks=[task], places=[scene.place("waits", task)])
    place, thread = scene.place("waits"), threading.main_thread()
    scene.ready_when(lambda: service.thread_at(thread, place), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
