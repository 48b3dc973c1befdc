"""A task that has ended, by an exception or cancelled, has left its lock locked."""

import asyncio

import service


class Store:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def load(self, seconds):
        await self.lock.acquire()
        # The mistake: no `async with`.
        await asyncio.sleep(seconds)
        raise ValueError("broken file")

    async def load_well(self, seconds):
        async with self.lock:
            await asyncio.sleep(seconds)
            raise ValueError("broken file")

    async def read(self):
        async with self.lock:  # place: waits
            await asyncio.sleep(0.01)


async def fill(store, healthy, seconds):
    load = store.load_well if healthy else store.load
    try:
        await asyncio.wait_for(load(seconds), 0.1)
    except (ValueError, asyncio.TimeoutError):
        pass


async def main(scene):
    await scene.begin()
    store = Store()
    # Cancelled or failed.
    seconds = scene.random.choice((0.02, 5))
    first = scene.spawn(fill, store, scene.healthy, seconds)
    await asyncio.sleep(0)
    readers = [
        scene.spawn(service.repeat, scene, store.read) for _ in range(scene.random.randint(1, 7))
    ]
    scene.expect(
        "never-released",
        "likely",
        tasks=readers,
        objects=[store.lock],
        places=[scene.place("waits", readers[0])],
        also=["convoy"],
    )
    scene.ready_when(
        lambda: first.done() and all(service.stuck_at(task, store.lock) for task in readers)
    )
    await service.forever()


service.run(__file__, main)
