"""A coroutine takes a thread's lock that a slow thread has."""

import asyncio
import threading
import time

import service


class Metrics:
    def __init__(self, scene):
        self.lock = threading.Lock()
        self.values = {}
        # The mistake: the disk is written to inside of the lock.
        self.slow = 0.002 if scene.healthy else 2000

    def export(self):
        while True:
            with self.lock:
                time.sleep(self.slow)  # place: holds
            time.sleep(0.05)

    async def count(self, name):
        with self.lock:  # place: waits
            self.values[name] = self.values.get(name, 0) + 1
        await asyncio.sleep(0.01)


async def main(scene):
    await scene.begin()
    metrics = Metrics(scene)
    exporter = threading.Thread(target=metrics.export, name="exporter", daemon=True)
    exporter.start()
    await asyncio.sleep(0.02)
    task = scene.spawn(service.repeat, scene, metrics.count, "requests")
    scene.expect(
        "loop-blocked",
        "certain",
        tasks=[task],
        objects=[metrics.lock],
        places=[scene.place("waits", task)],
    )
    waits, holds, thread = scene.place("waits"), scene.place("holds"), threading.main_thread()
    scene.ready_when(
        lambda: service.thread_at(thread, waits) and service.thread_at(exporter, holds),
        service.SETTLE_BLOCKED,
    )
    await service.forever()


service.run(__file__, main)
