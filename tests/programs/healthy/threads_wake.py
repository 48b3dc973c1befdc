"""Threads complete futures as often as they can, and wake the loop for each as they should."""

import asyncio
import queue
import threading

import load


class Driver:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.questions = queue.Queue()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            future = self.questions.get()
            self.loop.call_soon_threadsafe(self.answer, future)

    def answer(self, future):
        if not future.done():
            future.set_result(1)

    async def ask(self):
        future = self.loop.create_future()
        self.questions.put(future)
        return await future


async def client(scene, driver):
    while True:
        await driver.ask()
        scene.step()
        if scene.chance(0.01):
            await asyncio.sleep(0.001)


async def main(scene):
    drivers = [Driver() for _ in range(3)]
    await load.together(scene, [lambda d=driver: client(scene, d) for driver in drivers * 2])


load.run(__file__, main)
