"""Who has a lock gathers parts, one of which wants it."""

import asyncio

import service


class Report:
    def __init__(self, scene):
        self.scene = scene
        self.lock = asyncio.Lock()
        self.parts = [self.header] * scene.random.randint(1, 5)
        # The mistake: a part that is not meant to be used by who has the lock.
        self.parts.insert(
            scene.random.randint(0, len(self.parts)),
            self.header if scene.healthy else self.totals,
        )
        self.children = []

    async def header(self):
        await asyncio.sleep(0.01)

    async def totals(self):
        self.children.append(asyncio.current_task())
        async with self.lock:  # place: totals waits
            await asyncio.sleep(0.01)

    async def render(self):
        async with self.lock:  # place: render holds
            await asyncio.gather(*[part() for part in self.parts])  # place: render waits


async def main(scene):
    await scene.begin()
    report = Report(scene)
    task = scene.spawn(service.repeat, scene, report.render)
    await scene.until(lambda: report.children)
    tasks = [task] + report.children
    scene.expect(
        "deadlock",
        "certain",
        tasks=tasks,
        objects=[report.lock],
        places=[
            scene.place("totals waits", tasks[-1]),
            scene.place("render waits", task),
            scene.place("render holds", task),
        ],
    )
    scene.ready_when(
        lambda: service.waits(task)
        and all(service.stuck_at(one, report.lock) for one in report.children)
    )
    await service.forever()


service.run(__file__, main)
