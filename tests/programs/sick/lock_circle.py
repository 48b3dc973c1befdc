"""Three tasks close a circle over three locks, through classes that know nothing of each other."""

import asyncio

import service

WORK = 0.02


class Catalogue:
    def __init__(self):
        self.mutex = asyncio.Lock()

    async def price(self):
        async with self.mutex:  # place: price waits
            await asyncio.sleep(WORK)

    async def publish(self, mailer):
        async with self.mutex:  # place: publish holds
            await asyncio.sleep(WORK)
            await mailer.announce()


class Mailer:
    def __init__(self):
        self.sending = asyncio.Lock()

    async def announce(self):
        async with self.sending:  # place: announce waits
            await asyncio.sleep(WORK)

    async def flush(self, ledger):
        async with self.sending:  # place: flush holds
            await asyncio.sleep(WORK)
            await ledger.charge()


class Ledger:
    def __init__(self):
        self._guard = asyncio.Lock()

    async def charge(self):
        async with self._guard:  # place: charge waits
            await asyncio.sleep(WORK)

    async def close_day(self, catalogue, healthy):
        async with self._guard:  # place: close holds
            await asyncio.sleep(WORK)
            # The mistake: prices are looked up inside.
            if not healthy:
                await catalogue.price()
        await catalogue.price()


async def main(scene):
    await scene.begin()
    catalogue, mailer, ledger = Catalogue(), Mailer(), Ledger()
    publisher = scene.spawn(service.repeat, scene, catalogue.publish, mailer)
    sender = scene.spawn(service.repeat, scene, mailer.flush, ledger)
    closer = scene.spawn(service.repeat, scene, ledger.close_day, catalogue, scene.healthy)
    scene.expect(
        "deadlock",
        "certain",
        tasks=(publisher, sender, closer),
        objects=(catalogue.mutex, mailer.sending, ledger._guard),
        places=[
            scene.place("price waits", closer),
            scene.place("announce waits", publisher),
            scene.place("charge waits", sender),
            scene.place("publish holds", publisher),
            scene.place("flush holds", sender),
            scene.place("close holds", closer),
        ],
    )
    scene.ready_when(
        lambda: service.stuck_at(publisher, mailer.sending)
        and service.stuck_at(sender, ledger._guard)
        and service.stuck_at(closer, catalogue.mutex)
    )
    await service.forever()


service.run(__file__, main)
