"""The locks of two conditions in either order, with listeners that have given theirs up."""

import asyncio

import service


class Topic:
    def __init__(self):
        self.changed = asyncio.Condition()

    async def listen(self):
        async with self.changed:
            while True:
                # Is inside of the `async with`, and does not hold the lock.
                await self.changed.wait()

    async def remind(self):
        while True:
            await asyncio.sleep(2000)
            async with self.changed:
                self.changed.notify_all()

    async def forward(self, other):
        async with self.changed:  # place: holds
            await asyncio.sleep(0.02)
            async with other.changed:  # place: waits
                await asyncio.sleep(0.01)


async def main(scene):
    await scene.begin()
    news, mail = Topic(), Topic()
    for topic in (news, mail):
        for _ in range(scene.random.randint(1, 4)):
            scene.spawn(topic.listen, role="listen")
        scene.spawn(topic.remind, role="remind")
    await asyncio.sleep(0.05)
    # The mistake: the other order.
    pair = (news, mail) if scene.healthy else (mail, news)
    one = scene.spawn(service.repeat, scene, news.forward, mail)
    two = scene.spawn(service.repeat, scene, pair[0].forward, pair[1])
    scene.expect(
        "deadlock",
        "certain",
        tasks=(one, two),
        objects=[(topic.changed, topic.changed._lock) for topic in (news, mail)],
        places=[scene.place("waits", one), scene.place("holds", one), scene.place("waits", two)],
    )
    scene.ready_when(
        lambda: service.stuck_at(one, mail.changed._lock)
        and service.stuck_at(two, news.changed._lock)
    )
    await service.forever()


service.run(__file__, main)
