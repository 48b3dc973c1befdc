"""A pool of connections is empty: tasks that have ended did not give theirs back."""

import asyncio

import service


class Pool:
    def __init__(self, size):
        self.free = asyncio.Semaphore(size)

    async def query(self, leak):
        await self.free.acquire()  # place: waits
        await asyncio.sleep(0.01)
        # The mistake: not in a finally.
        if leak:
            return
        self.free.release()


async def main(scene):
    await scene.begin()
    size = scene.random.randint(2, 6)
    pool = Pool(size)
    leaks = [scene.spawn(pool.query, not scene.healthy) for _ in range(size)]
    await asyncio.sleep(0.05)
    tasks = [
        scene.spawn(service.repeat, scene, pool.query, False)
        for _ in range(scene.random.randint(1, 9))
    ]
    scene.expect(
        "exhausted",
        "likely",
        or_kinds=["never-released"],
        tasks=tasks,
        objects=[pool.free],
        places=[scene.place("waits", tasks[0])],
        behind=leaks,
        also=["convoy"],
    )
    scene.ready_when(
        lambda: pool.free._value == 0
        and all(leak.done() for leak in leaks)
        and all(service.waits_for_lock(task, pool.free) for task in tasks)
    )
    await service.forever()


service.run(__file__, main)
