"""A stack of connections is empty: a query that took too long kept its own. No name says that it is a
pool."""

import asyncio

import service


class Link:
    async def ask(self, seconds):
        await asyncio.sleep(seconds)


class Links:
    def __init__(self, size):
        self.spare = asyncio.LifoQueue(size)
        for _ in range(size):
            self.spare.put_nowait(Link())

    async def take(self):
        return await self.spare.get()  # place: take

    def give(self, link):
        self.spare.put_nowait(link)


class Store:
    def __init__(self, scene, links):
        self.healthy = scene.healthy
        self.random = scene.random
        self.links = links

    async def find(self):
        link = await self.links.take()
        try:
            await asyncio.wait_for(link.ask(self.random.choice((0.001, 0.001, 5))), 0.02)
        except asyncio.TimeoutError:
            # The mistake: this way out gives nothing back.
            if not self.healthy:
                return
        self.links.give(link)


def start(scene):
    """Nobody but the tasks has the store after this."""
    store = Store(scene, Links(scene.random.randint(1, 4)))
    count = scene.random.randint(5, 12)
    tasks = [scene.spawn(service.repeat, scene, store.find) for _ in range(count)]
    return tasks, service.ref(store.links.spare)


async def main(scene):
    await scene.begin()
    tasks, spare = start(scene)
    await scene.until(lambda: all(map(service.waits, tasks)))
    scene.expect(
        "no-producer",
        "likely",
        tasks=tasks,
        objects=[spare],
        places=[scene.place("take", tasks[0])],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
