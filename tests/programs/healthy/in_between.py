"""A program of its own that runs its loop for a while now and then, with tasks that go on then."""

import asyncio
import signal
import threading
import time

import load
import service

PAUSE = 0.4


class Frontend:
    def __init__(self, scene):
        self.scene = scene
        self.loop = asyncio.new_event_loop()
        self.tasks = [self.loop.create_task(tick()) for _ in range(5)]

    def draw(self):
        time.sleep(PAUSE)

    def run(self):
        while True:
            self.loop.run_until_complete(asyncio.sleep(0.01))
            self.draw()


async def tick():
    while True:
        await asyncio.sleep(0.001)


def frontend(scene):
    Frontend(scene).run()


scene = service.scene(__file__)
scene.healthy = True
signal.alarm(load.SECONDS)
threading.Thread(target=frontend, args=[scene], daemon=True).start()
loop = asyncio.new_event_loop()
background = [loop.create_task(tick()) for _ in range(5)]
while True:
    loop.run_until_complete(asyncio.sleep(0.01))
    scene.step()
    time.sleep(PAUSE)
