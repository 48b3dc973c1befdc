"""A thread completes a future without call_soon_threadsafe(), and the loop sleeps on."""

import asyncio
import threading
import time

import service


class Driver:
    """Answers from a thread of its own, as drivers in C do."""

    def __init__(self, healthy):
        self.healthy = healthy
        self.loop = asyncio.get_running_loop()

    def answer(self, future):
        time.sleep(0.1)
        # The mistake: it calls into the loop from outside of it.
        if self.healthy:
            self.loop.call_soon_threadsafe(future.set_result, 1)
        else:
            future.set_result(1)

    async def query(self):
        future = self.loop.create_future()
        threading.Thread(target=self.answer, args=[future]).start()
        await future  # place: waits


async def main(scene):
    await scene.begin(quiet=True)
    await asyncio.sleep(0.1)
    driver = Driver(scene.healthy)
    task = scene.spawn(service.repeat, scene, driver.query)
    scene.expect("lost-wakeup", "likely", tasks=[task], places=[scene.place("waits", task)])
    ready = asyncio.get_running_loop()._ready
    scene.ready_when(
        lambda: len(ready) == 1 and task._fut_waiter is not None and task._fut_waiter.done(),
        service.SETTLE_BLOCKED,
    )
    await service.forever()


service.run(__file__, main)
