"""Two locks of anyio in either order."""

import asyncio

import service

try:
    import anyio
except ImportError:
    service.missing("anyio")

# The harness runs it where it finds these.
PACKAGES = ("anyio",)


class Half:
    def __init__(self):
        self.lock = anyio.Lock()

    async def join(self, other):
        async with self.lock:  # place: holds
            await anyio.sleep(0.02)
            async with other.lock:  # place: waits
                await anyio.sleep(0.01)


async def serve(left, right, tasks):
    tasks.append(asyncio.current_task())
    await left.join(right)


async def both(scene, pairs, ret):
    ret[:] = []
    async with anyio.create_task_group() as group:
        for pair in pairs:
            group.start_soon(serve, *pair, ret)


async def main(scene):
    await scene.begin()
    left, right = Half(), Half()
    # The mistake: the other order.
    pairs = [(left, right), (left, right) if scene.healthy else (right, left)]
    tasks = []
    parent = scene.spawn(service.repeat, scene, both, scene, pairs, tasks)
    await scene.until(lambda: len(tasks) == 2)
    scene.expect(
        "deadlock",
        "certain",
        tasks=tasks,
        objects=(left.lock, right.lock),
        places=[scene.place("waits", task) for task in tasks],
        behind=[parent],
    )
    scene.ready_when(
        lambda: all(map(service.waits, tasks))
        and all(half.lock.statistics().tasks_waiting == 1 for half in (left, right))
    )
    await service.forever()


service.run(__file__, main)
