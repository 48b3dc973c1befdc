"""Tasks that work off what their objects have, a piece at a time, and yield to the loop after each."""

import asyncio
import collections

import load


class Work:
    def __init__(self, scene):
        self.scene = scene
        self.items = collections.deque()

    async def run(self):
        while True:
            while self.items:
                self.items.popleft()
                await asyncio.sleep(0)
            self.scene.step()
            self.items.extend(range(100000))


async def main(scene):
    works = [Work(scene) for _ in range(20)]
    await load.together(scene, [work.run for work in works])


load.run(__file__, main)
