"""Two requests take two locks, each in its own order; others queue for them."""

import asyncio

import service


class Part:
    """A part of the shop that a lock protects."""

    def __init__(self, work):
        self.lock = asyncio.Lock()
        self.work = work


class Orders(Part):
    async def buy(self, stock):
        async with self.lock:  # place: buy holds
            await asyncio.sleep(self.work)
            async with stock.lock:  # place: buy waits
                await asyncio.sleep(self.work)


class Stock(Part):
    async def restock(self, orders):
        async with self.lock:  # place: restock holds
            await asyncio.sleep(self.work)
            async with orders.lock:  # place: restock waits
                await asyncio.sleep(self.work)


async def look(part):
    async with part.lock:
        await asyncio.sleep(0)


async def main(scene):
    await scene.begin()
    orders, stock = Orders(0.02), Stock(0.02)
    # The mistake: who restocks does not begin with the orders' lock.
    restock = orders.buy if scene.healthy else stock.restock
    other = stock if scene.healthy else orders
    buyer = scene.spawn(service.repeat, scene, orders.buy, stock)
    seller = scene.spawn(service.repeat, scene, restock, other)
    behind = [
        scene.spawn(service.repeat, scene, look, scene.random.choice((orders, stock)))
        for _ in range(scene.random.randint(0, 7))
    ]
    scene.expect(
        "deadlock",
        "certain",
        tasks=(buyer, seller),
        objects=(orders.lock, stock.lock),
        places=[
            scene.place("buy waits", buyer),
            scene.place("buy holds", buyer),
            scene.place("restock waits", seller),
            scene.place("restock holds", seller),
        ],
        behind=behind,
        also=["convoy"],
    )
    scene.ready_when(
        lambda: service.stuck_at(buyer, stock.lock)
        and service.stuck_at(seller, orders.lock)
        and all(map(service.waits, behind))
    )
    await service.forever()


service.run(__file__, main)
