"""Two threads take two locks of threads in either order, and tasks await both."""

import asyncio
import concurrent.futures
import threading
import time

import service


class Device:
    def __init__(self, recursive):
        self.lock = threading.RLock() if recursive else threading.Lock()

    def copy_to(self, other):
        with self.lock:  # place: holds
            time.sleep(0.02)
            with other.lock:  # place: waits
                time.sleep(0.005)


async def copy(pool, one, other):
    await asyncio.get_running_loop().run_in_executor(pool, one.copy_to, other)  # place: awaits


async def main(scene):
    await scene.begin()
    recursive = scene.chance()
    pool = concurrent.futures.ThreadPoolExecutor(scene.random.randint(2, 4), "copy")
    left, right = Device(recursive), Device(recursive)
    # The mistake: the other order.
    pair = (left, right) if scene.healthy else (right, left)
    one = scene.spawn(service.repeat, scene, copy, pool, left, right)
    two = scene.spawn(service.repeat, scene, copy, pool, *pair)
    scene.expect(
        "deadlock",
        "certain",
        tasks=(one, two),
        objects=(left.lock, right.lock),
        places=[scene.place("waits"), scene.place("holds"), scene.place("awaits", one)],
    )
    waits = scene.place("waits")
    scene.ready_when(
        lambda: service.waits(one)
        and service.waits(two)
        and sum(service.thread_at(thread, waits) for thread in pool._threads) == 2
    )
    await service.forever()


service.run(__file__, main)
