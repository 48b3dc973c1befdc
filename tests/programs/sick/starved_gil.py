"""A thread keeps the interpreter's lock in one long call of C, while timers are due."""

import asyncio
import collections
import itertools
import threading
import time

import service


class Hog:
    def __init__(self, scene):
        self.scene = scene
        threading.Thread(target=self.run, name="hog", daemon=True).start()

    def run(self):
        # Nobody else can run after this, the reporter included.
        self.scene.reported.wait()
        time.sleep(0.05)
        collections.deque(itertools.repeat(None), maxlen=0)  # place: hogs


class Worker:
    """The same work in pieces, and pauses between them."""

    def __init__(self, scene):
        self.scene = scene
        threading.Thread(target=self.run, name="hog", daemon=True).start()

    def run(self):
        while True:
            collections.deque(itertools.repeat(None, 1000), maxlen=0)
            self.scene.step()
            time.sleep(0.05)


async def main(scene):
    await scene.begin()
    # The mistake: no end, and no pause.
    Worker(scene) if scene.healthy else Hog(scene)
    await asyncio.sleep(0.1)
    scene.expect(
        "loop-starved",
        "likely",
        places=[scene.place("hogs")],
        behind=asyncio.all_tasks(),
        also=["loop-blocked"],
    )
    scene.late = 1
    scene.ready_when(lambda: True)
    await service.forever()


service.run(__file__, main)
