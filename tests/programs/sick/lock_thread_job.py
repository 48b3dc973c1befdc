"""A coroutine holds a thread's lock while it awaits a job in a thread that wants the lock."""

import asyncio
import concurrent.futures
import threading
import time

import service


class Index:
    def __init__(self, scene):
        self.healthy = scene.healthy
        self.lock = threading.RLock() if scene.chance() else threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(scene.random.randint(1, 4), "index")

    def rebuild(self):
        with self.lock:  # place: job waits
            time.sleep(0.01)

    async def update(self):
        loop = asyncio.get_running_loop()
        with self.lock:  # place: holds
            job = loop.run_in_executor(self.pool, self.rebuild)
            # The mistake: the lock is held until the job is done.
            if not self.healthy:
                await job  # place: waits
        await job


async def main(scene):
    await scene.begin()
    index = Index(scene)
    task = scene.spawn(service.repeat, scene, index.update)
    scene.expect(
        "deadlock",
        "certain",
        tasks=[task],
        objects=[index.lock],
        places=[
            scene.place("waits", task),
            scene.place("holds", task),
            scene.place("job waits"),
        ],
    )
    place = scene.place("job waits")
    scene.ready_when(
        lambda: service.waits(task)
        and any(service.thread_at(thread, place) for thread in index.pool._threads)
    )
    await service.forever()


service.run(__file__, main)
