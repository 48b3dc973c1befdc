"""All threads of a pool wait for coroutines that wait for a thread of the pool."""

import asyncio
import concurrent.futures
import time

import service


class Renderer:
    def __init__(self, scene):
        self.loop = asyncio.get_running_loop()
        self.size = scene.random.randint(1, 4)
        self.pool = concurrent.futures.ThreadPoolExecutor(self.size, "render")
        self.other = concurrent.futures.ThreadPoolExecutor(self.size, "files")
        # The mistake: one pool for both.
        self.files = self.other if scene.healthy else self.pool
        self.lookups = []

    async def lookup(self):
        if len(self.lookups) < self.size:
            self.lookups.append(asyncio.current_task())
        await self.loop.run_in_executor(self.files, time.sleep, 0.01)  # place: lookup

    def render(self):
        time.sleep(0.1)
        asyncio.run_coroutine_threadsafe(self.lookup(), self.loop).result()  # place: render

    async def page(self):
        await self.loop.run_in_executor(self.pool, self.render)  # place: page


async def main(scene):
    await scene.begin()
    renderer = Renderer(scene)
    # All at once: they take all threads before the first of them asks.
    pages = [scene.spawn(service.repeat, scene, renderer.page) for _ in range(renderer.size)]
    late = [scene.spawn(service.repeat, scene, renderer.page) for _ in range(renderer.size - 1)]
    await scene.until(lambda: len(renderer.lookups) == renderer.size)
    lookups = renderer.lookups
    scene.expect(
        "deadlock",
        "certain",
        tasks=pages + lookups,
        places=[
            scene.place("page", pages[0]),
            scene.place("lookup", lookups[0] if lookups else None),
            scene.place("render"),
        ],
        behind=late,
        also=["exhausted", "convoy"],
    )
    place = scene.place("render")
    scene.ready_when(
        lambda: all(map(service.waits, pages + lookups))
        and all(service.thread_at(thread, place) for thread in renderer.pool._threads)
    )
    await service.forever()


service.run(__file__, main)
