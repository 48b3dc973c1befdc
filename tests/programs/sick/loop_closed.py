"""A thread closes its loop with tasks that still wait."""

import asyncio
import threading

import service


class Tenant:
    """Somebody with a loop of their own."""

    def __init__(self, scene):
        self.scene = scene
        self.names = [scene.task_name() for _ in range(scene.random.randint(1, 8))]
        self.tasks = []
        self.loop = None

    async def work(self):
        await asyncio.sleep(1000)  # place: waits

    async def start(self):
        self.tasks = [asyncio.create_task(self.work()) for _ in self.names]
        for task, name in zip(self.tasks, self.names):
            task.set_name(name)
        await asyncio.sleep(0.02)

    async def end(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks)

    def run(self):
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.start())
        # The mistake: the tasks are left behind.
        if self.scene.healthy:
            self.loop.run_until_complete(self.end())
        self.loop.close()
        self.scene.step()


async def tend(tenant):
    thread = threading.Thread(target=tenant.run)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.01)


async def main(scene):
    await scene.begin()
    tenant = Tenant(scene)
    for _ in range(3 if scene.healthy else 1):
        await tend(tenant)
    scene.expect(
        "loop-gone",
        "certain",
        tasks=tenant.tasks,
        objects=[tenant.loop],
        places=[scene.place("waits", tenant.tasks[0])],
    )
    scene.ready_when(lambda: tenant.loop.is_closed() and all(map(service.waits, tenant.tasks)))
    if scene.healthy:
        scene.spawn(service.repeat, scene, asyncio.sleep, 0.01)
    await service.forever()


service.run(__file__, main)
