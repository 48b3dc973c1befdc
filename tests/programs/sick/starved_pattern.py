"""A thread matches a pattern that never comes to an end, and nobody else gets a turn."""

import asyncio
import re
import threading
import time

import service

# The mistake: as many ways to match as there are subsets of the letters.
SICK, HEALTHY = re.compile(r"(\w+\s?)+$"), re.compile(r"(\w+\s)*\w+$")


class Index:
    def __init__(self, scene):
        self.scene = scene
        self.pattern = HEALTHY if scene.healthy else SICK
        self.line = "x" * scene.random.randint(60, 90) + "!"
        threading.Thread(target=self.run, name="index", daemon=True).start()

    def run(self):
        # Nobody else can run after this, the reporter included.
        if not self.scene.healthy:
            self.scene.reported.wait()
        while True:
            time.sleep(0.05)
            self.pattern.match(self.line)  # place: matches
            self.scene.step()


async def main(scene):
    await scene.begin()
    Index(scene)
    await asyncio.sleep(0.1)
    scene.expect(
        "loop-starved",
        "likely",
        places=[scene.place("matches")],
        behind=asyncio.all_tasks(),
        also=["loop-blocked"],
    )
    scene.late = 1
    scene.ready_when(lambda: True)
    await service.forever()


service.run(__file__, main)
