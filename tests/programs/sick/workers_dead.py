"""A batch joins its queue, and the workers that it was for have ended by exceptions, one by one."""

import asyncio

import service


class Broken(Exception):
    pass


class Importer:
    def __init__(self, scene):
        self.scene = scene
        self.jobs = asyncio.Queue()
        self.workers = []

    def start(self, count):
        self.workers = [self.scene.spawn(self.work) for _ in range(count)]

    async def work(self):
        while True:
            row = await self.jobs.get()
            await self.store(row)
            self.jobs.task_done()

    async def store(self, row):
        await asyncio.sleep(0.002)
        # The mistake: each bad row ends a worker, which has not called task_done().
        if row % 5 == 0 and not self.scene.healthy:
            raise Broken("row %d" % row)
        self.scene.step()

    async def load(self):
        for row in range(1, 200):
            self.jobs.put_nowait(row)
        await self.jobs.join()  # place: joins


async def again(importer):
    while True:
        await importer.load()


async def main(scene):
    await scene.begin()
    importer = Importer(scene)
    importer.start(scene.random.randint(1, 8))
    loading = scene.spawn(again, importer)
    await scene.until(lambda: all(one.done() for one in importer.workers))
    scene.expect(
        "failed",
        "likely",
        or_kinds=["no-consumer"],
        tasks=[loading],
        objects=[[service.ref(importer.jobs), service.ref(importer.jobs._finished)]],
        behind=importer.workers,
        places=[scene.place("joins", loading)],
    )
    scene.ready_when(
        lambda: service.waits(loading) and all(one.done() for one in importer.workers)
    )
    await service.forever()


service.run(__file__, main)
