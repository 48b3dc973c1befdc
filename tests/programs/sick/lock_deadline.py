"""Two locks in either order, but one of the tasks has a deadline far above, and far away."""

import asyncio
import sys

import service


class Shelf:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.mover = None

    async def move(self, other):
        async with self.lock:
            self.mover = asyncio.current_task()
            await asyncio.sleep(0.02)
            async with other.lock:  # place: waits
                await asyncio.sleep(0.02)


async def within(scene, seconds, function, *arguments):
    """Call a function, with a deadline in one way or another."""
    if sys.version_info >= (3, 11) and scene.with_timeout:
        async with asyncio.timeout(seconds):
            await scene.deep(function, *arguments)
    else:
        # Up to 3.11 a task of its own.
        await asyncio.wait_for(scene.deep(function, *arguments), seconds)


async def main(scene):
    await scene.begin()
    scene.with_timeout = scene.chance()
    seconds = scene.random.uniform(1500, 4000)
    left, right = Shelf(), Shelf()
    # The mistake: the other order.
    shelves = (left, right) if scene.healthy else (right, left)
    outer = scene.spawn(service.repeat, scene, within, scene, seconds, left.move, right)
    scene.spawn(service.repeat, scene, shelves[0].move, shelves[1])
    await scene.until(lambda: left.mover and right.mover)
    tasks = [shelf.mover for shelf in (left, right) if shelf.mover]
    scene.expect(
        "deadlock",
        "certain",
        tasks=tasks,
        objects=(left.lock, right.lock),
        places=[scene.place("waits", task) for task in tasks],
        behind=[outer],
        until=True,
    )
    scene.ready_when(
        lambda: service.stuck_at(left.mover, right.lock)
        and service.stuck_at(right.mover, left.lock)
    )
    await service.forever()


service.run(__file__, main)
