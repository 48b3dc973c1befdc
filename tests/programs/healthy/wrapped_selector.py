"""A loop whose selector is a class of the program's, which counts the polls."""

import asyncio
import selectors

import load


class Counting:
    def __init__(self):
        self._inner = selectors.DefaultSelector()
        self.polls = 0

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def select(self, timeout=None):
        self.polls += 1
        return self._inner.select(timeout)


async def work(scene):
    while True:
        scene.step()
        await asyncio.sleep(0.4)


async def main(scene):
    asyncio.get_running_loop()._selector = Counting()
    await load.together(scene, [lambda: work(scene)] * 2)


load.run(__file__, main)
