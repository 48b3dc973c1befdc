"""A thread sets asyncio's event, and the loop whose tasks wait for it sleeps on."""

import asyncio
import threading
import time

import service


class Cache:
    """Loads its table in a thread, and tells all who wait for it."""

    def __init__(self, healthy):
        self.healthy = healthy
        self.loop = asyncio.get_running_loop()
        self.loaded = asyncio.Event()

    def load(self):
        time.sleep(0.1)
        # The mistake: asyncio's events are not for threads.
        if self.healthy:
            self.loop.call_soon_threadsafe(self.loaded.set)
        else:
            self.loaded.set()

    async def refresh(self):
        self.loaded.clear()
        threading.Thread(target=self.load).start()
        await self.loaded.wait()  # place: waits


async def main(scene):
    await scene.begin(quiet=True)
    await asyncio.sleep(0.1)
    cache = Cache(scene.healthy)
    task = scene.spawn(service.repeat, scene, cache.refresh)
    scene.expect("lost-wakeup", "likely", tasks=[task], places=[scene.place("waits", task)])
    ready = asyncio.get_running_loop()._ready
    scene.ready_when(
        lambda: len(ready) == 1 and task._fut_waiter is not None and task._fut_waiter.done(),
        service.SETTLE_BLOCKED,
    )
    await service.forever()


service.run(__file__, main)
