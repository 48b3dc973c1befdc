"""The main task has ended, and the jobs of a pool wait for work that nobody gives them any more."""

import asyncio
import concurrent.futures
import queue
import threading

import service


class Mailer:
    def __init__(self, size):
        self.letters = queue.Queue()
        self.pool = concurrent.futures.ThreadPoolExecutor(size, "mail")
        for _ in range(size):
            self.pool.submit(self.deliver)

    def deliver(self):
        while True:
            letter = self.letters.get()  # place: waits
            if letter is None:
                return


async def main(scene):
    await scene.begin()
    size = scene.random.randint(1, 4)
    mailer = Mailer(size)
    await asyncio.sleep(0.2)
    scene.expect("stuck-at-exit", "likely", places=[scene.place("waits")])
    main_thread = threading.main_thread()
    scene.ready_when(lambda: service.thread_in(main_thread, "_python_exit"))
    # The mistake: None is never put. The twin has not come to that.
    if scene.healthy:
        scene.spawn(service.repeat, scene, asyncio.sleep, 0.01)
        await service.forever()
        for _ in range(size):
            mailer.letters.put(None)
    await scene.load.end()


service.run(__file__, main)
