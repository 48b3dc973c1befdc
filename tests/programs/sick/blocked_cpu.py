"""A handler computes for minutes."""

import asyncio
import threading

import background
import service


def distance(rows):
    best = 0
    for one in range(rows):
        for other in range(rows):
            best = max(best, (one * other) % 1009)
    return best


async def handle(scene, rows):
    await asyncio.sleep(0.05)
    background.deep_call(scene.random, distance, rows)


async def main(scene):
    await scene.begin()
    # The mistake: nobody has limited the number of rows.
    rows = 30 if scene.healthy else 10 ** 6
    task = scene.spawn(service.repeat, scene, handle, scene, rows)
    place = {"task": task.get_name(), "function": "distance", "file": scene.path, "line": None}
    scene.expect("loop-blocked", "certain", tasks=[task], places=[place])
    thread = threading.main_thread()
    scene.ready_when(lambda: service.thread_in(thread, "distance"), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
