"""Two locks in either order, on uvloop."""

import asyncio

import service

try:
    import uvloop
except ImportError:
    service.missing("uvloop")

PACKAGES = ("uvloop",)


class Room:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def move(self, other):
        async with self.lock:  # place: holds
            await asyncio.sleep(0.02)
            async with other.lock:  # place: waits
                await asyncio.sleep(0.01)


async def main(scene):
    await scene.begin()
    one, two = Room(), Room()
    # The mistake: the other order.
    pair = (one, two) if scene.healthy else (two, one)
    first = scene.spawn(service.repeat, scene, one.move, two)
    second = scene.spawn(service.repeat, scene, pair[0].move, pair[1])
    scene.expect(
        "deadlock",
        "certain",
        tasks=(first, second),
        objects=(one.lock, two.lock),
        places=[scene.place("waits", first), scene.place("holds", second)],
    )
    scene.ready_when(
        lambda: service.stuck_at(first, two.lock) and service.stuck_at(second, one.lock)
    )
    await service.forever()


uvloop.install()
service.run(__file__, main)
