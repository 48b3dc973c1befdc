"""Threads that have a future in a variable and wait for a lock of whoever awaits it, while a timer
completes the future."""

import asyncio
import threading

import load

PAUSE = 0.3


class Journal:
    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []

    def note(self, future):
        with self.lock:
            self.lines.append(repr(future))

    async def work(self, scene):
        loop = asyncio.get_running_loop()
        while True:
            future = loop.create_future()
            with self.lock:
                thread = threading.Thread(target=self.note, args=[future], daemon=True)
                thread.start()
                loop.call_later(PAUSE, future.set_result, None)
                await future
            while thread.is_alive():
                await asyncio.sleep(0.001)
            self.lines.clear()
            scene.step()


async def main(scene):
    await load.together(scene, [lambda: Journal().work(scene) for _ in range(3)])


load.run(__file__, main)
