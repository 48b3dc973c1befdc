"""A module that is imported in a thread asks the loop for something, while a task imports it, too."""

import asyncio
import importlib
import os
import sys
import tempfile
import threading

import service

MODULE = "shipping_rates"
SOURCE = "import sys\nRATES = sys.modules['__main__'].current.ask()\n"
current = None


class Rates:
    def __init__(self, scene):
        self.scene = scene
        self.loop = asyncio.get_running_loop()
        self.reader = None
        self.is_known = False

    async def read(self):
        self.reader = asyncio.current_task()
        while not self.is_known:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        return {}

    def ask(self):
        # The mistake: a module whose import takes the loop.
        if self.scene.healthy:
            return {}
        return asyncio.run_coroutine_threadsafe(self.read(), self.loop).result()

    def load(self):
        return importlib.import_module(MODULE)  # place: imports

    async def begin(self):
        while True:
            await self.loop.run_in_executor(None, self.load)
            await asyncio.sleep(0.05)
            self.scene.step()

    async def use(self):
        while True:
            await asyncio.sleep(0.05)
            if self.scene.healthy or self.is_known:
                self.load()
            self.scene.step()


async def main(scene):
    global current
    await scene.begin()
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, MODULE + ".py"), "w", encoding="utf-8") as file:
        file.write(SOURCE)
    sys.path.insert(0, folder)
    current = Rates(scene)
    tasks = [scene.spawn(current.begin), scene.spawn(current.use)]
    await scene.until(lambda: scene.healthy or current.reader)
    place, thread = scene.place("imports"), threading.main_thread()
    scene.expect(
        "deadlock",
        "likely",
        tasks=tasks,
        places=[scene.place("imports", tasks[1])],
        behind=[current.reader],
        also=["loop-blocked"],
    )
    current.is_known = True
    scene.ready_when(lambda: service.thread_at(thread, place), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
