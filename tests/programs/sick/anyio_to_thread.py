"""All of anyio's threads wait for coroutines that want a thread themselves."""

import asyncio
import time

import service

try:
    import anyio
    import anyio.from_thread
    import anyio.to_thread
except ImportError:
    service.missing("anyio")

PACKAGES = ("anyio",)


class Renderer:
    def __init__(self, scene):
        self.healthy = scene.healthy
        self.size = scene.random.randint(1, 4)
        self.limiter = anyio.CapacityLimiter(self.size)
        # The mistake: the same limit for both.
        self.files = anyio.CapacityLimiter(self.size) if scene.healthy else self.limiter

    async def look_up(self):
        await anyio.to_thread.run_sync(time.sleep, 0.001, limiter=self.files)  # place: lookup

    def render(self):
        time.sleep(0.1)
        anyio.from_thread.run(self.look_up)

    async def page(self):
        await anyio.to_thread.run_sync(self.render, limiter=self.limiter)  # place: page


async def main(scene):
    await scene.begin()
    renderer = Renderer(scene)
    before = asyncio.all_tasks()
    pages = [scene.spawn(service.repeat, scene, renderer.page) for _ in range(renderer.size)]

    def lookups():
        # from_thread makes tasks of its own.
        return asyncio.all_tasks() - before - set(pages) - scene.load.tasks

    await scene.until(lambda: renderer.limiter.statistics().tasks_waiting == renderer.size)
    scene.expect(
        "deadlock",
        "likely",
        or_kinds=["exhausted"],
        objects=[renderer.limiter],
        behind=pages + list(lookups()),
        places=[scene.place("lookup")],
        also=["exhausted"],
    )
    scene.ready_when(
        lambda: all(map(service.waits, pages))
        and renderer.limiter.statistics().tasks_waiting == renderer.size
    )
    await service.forever()


service.run(__file__, main)
