"""A thread has started tasks on a loop that it no longer runs."""

import asyncio
import queue
import threading

import service


class Bridge:
    """A thread with a loop, for work that comes through a queue of threads."""

    def __init__(self, scene):
        self.scene = scene
        self.names = [scene.task_name() for _ in range(scene.random.randint(1, 6))]
        self.tasks = []
        self.loop = asyncio.new_event_loop()
        self.orders = queue.Queue()
        threading.Thread(target=self.run, name="bridge", daemon=True).start()

    async def poll(self):
        while True:
            await asyncio.sleep(0.3)  # place: waits
            self.scene.step()

    async def start(self):
        self.tasks = [asyncio.create_task(self.poll()) for _ in self.names]
        for task, name in zip(self.tasks, self.names):
            task.set_name(name)

    def run(self):
        self.loop.run_until_complete(self.start())
        # The mistake: nobody runs the loop any more.
        if self.scene.healthy:
            self.loop.run_forever()
        while True:
            self.orders.get()


async def main(scene):
    await scene.begin()
    bridge = Bridge(scene)
    await asyncio.sleep(0.2)
    scene.expect("loop-gone", "likely", tasks=bridge.tasks, objects=[bridge.loop])
    scene.ready_when(lambda: bridge.tasks and not bridge.loop.is_running())
    await service.forever()


service.run(__file__, main)
