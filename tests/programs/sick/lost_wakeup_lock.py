"""A lock or semaphore that is given back without a word to those who wait.

Releases of CPython between 3.8 and 3.11 did so after a cancellation at the wrong moment; here it
is a subclass, so that it happens each time.
"""

import asyncio

import service


class ForgetfulLock(asyncio.Lock):
    def release(self):
        self._locked = False


class ForgetfulSemaphore(asyncio.BoundedSemaphore):
    def release(self):
        self._value += 1


async def use(limit, seconds):
    async with limit:
        await asyncio.sleep(seconds)


async def queue_up(limit):
    async with limit:  # place: waits
        await asyncio.sleep(0.01)


async def main(scene):
    await scene.begin(quiet=True)
    if scene.chance():
        # The mistake: see above.
        limit = asyncio.Lock() if scene.healthy else ForgetfulLock()
    else:
        limit = asyncio.BoundedSemaphore(1) if scene.healthy else ForgetfulSemaphore(1)
    first = scene.spawn(use, limit, 0.1)
    await asyncio.sleep(0.02)
    waiting = [
        scene.spawn(service.repeat, scene, queue_up, limit)
        for _ in range(scene.random.randint(1, 5))
    ]
    scene.expect(
        "lost-wakeup",
        "likely",
        tasks=waiting,
        objects=[limit],
        places=[scene.place("waits", waiting[0])],
    )
    scene.ready_when(
        lambda: first.done()
        and (limit._value if hasattr(limit, "_value") else not limit._locked)
        and all(service.waits_for_lock(task, limit) for task in waiting),
        service.SETTLE_BLOCKED,
    )
    await service.forever()


service.run(__file__, main)
