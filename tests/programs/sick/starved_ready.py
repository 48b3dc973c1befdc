"""Callbacks that call themselves at once: the ready queue never empties."""

import asyncio

import service


class Poller:
    def __init__(self, scene):
        self.scene = scene
        self.loop = asyncio.get_running_loop()

    def poll(self):
        self.scene.step()
        # The mistake: no pause.
        if self.scene.healthy:
            self.loop.call_later(0.05, self.poll)
        else:
            self.loop.call_soon(self.poll)


async def spin(scene):
    while True:
        scene.step()
        await asyncio.sleep(0.05 if scene.healthy else 0)


async def main(scene):
    await scene.begin()
    count = scene.random.randint(50, 300)
    if scene.chance():
        tasks = [scene.spawn(spin, scene) for _ in range(count)]
        function = "spin"
    else:
        pollers = [Poller(scene) for _ in range(count)]
        for poller in pollers:
            poller.poll()
        tasks, function = [], "poll"
    place = {"task": None, "function": function, "file": scene.path, "line": None}
    scene.expect("loop-starved", "likely", places=[place], behind=tasks)
    loop = asyncio.get_running_loop()
    scene.ready_when(lambda: len(loop._ready) >= count - 1)
    await service.forever()


service.run(__file__, main)
