"""A task is told to end and cleans up for a quarter of an hour, while another waits for its end."""

import asyncio

import service


class Upload:
    def __init__(self, healthy):
        # The mistake: a pause that was meant for retries.
        self.pause = 0.001 if healthy else 1000

    async def run(self):
        try:
            await asyncio.sleep(2000)
        finally:
            await self.flush()

    async def flush(self):
        await asyncio.sleep(self.pause)  # place: waits


async def stop(scene, name, ret):
    upload = scene.load.keep(scene.deep(Upload(scene.healthy).run), name)
    await asyncio.sleep(0.05)
    upload.cancel()
    ret[:] = [upload]
    try:
        await upload
    except asyncio.CancelledError:
        pass


async def main(scene):
    await scene.begin()
    found = []
    name = scene.task_name("upload")
    parent = scene.spawn(service.repeat, scene, stop, scene, name, found)
    await scene.until(lambda: found)
    scene.expect(
        "wont-cancel",
        "likely",
        tasks=found,
        places=[scene.place("waits", found[0] if found else None)],
        behind=[parent],
    )
    scene.ready_when(lambda: service.waits_for_task(parent, found[0]) and service.waits(found[0]))
    await service.forever()


service.run(__file__, main)
