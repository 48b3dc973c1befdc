"""The main task has ended, and a job in a pool of threads never does."""

import asyncio
import concurrent.futures
import threading

import service


class Watcher:
    def __init__(self):
        self.changed = threading.Event()

    def watch(self):
        self.changed.wait()  # place: waits


async def main(scene):
    await scene.begin()
    watcher = Watcher()
    pool = concurrent.futures.ThreadPoolExecutor(scene.random.randint(1, 4), "watch")
    pool.submit(watcher.watch)
    await asyncio.sleep(0.2)
    scene.expect("stuck-at-exit", "likely", places=[scene.place("waits")])
    main_thread = threading.main_thread()
    scene.ready_when(lambda: service.thread_in(main_thread, "_python_exit"))
    # The mistake: nobody sets the event. The twin has not come to that.
    if scene.healthy:
        scene.spawn(service.repeat, scene, asyncio.sleep, 0.01)
        await service.forever()
        watcher.changed.set()
    await scene.load.end()


service.run(__file__, main)
