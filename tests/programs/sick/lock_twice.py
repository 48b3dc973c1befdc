"""A method takes its object's lock and calls a helper that takes it too."""

import asyncio

import service


class Account:
    def __init__(self, healthy):
        self.lock = asyncio.Lock()
        self.amount = 100
        # The mistake: a helper that is meant for callers outside.
        self.helper = self.read if healthy else self.balance

    async def read(self):
        await asyncio.sleep(0.01)
        return self.amount

    async def balance(self):
        async with self.lock:  # place: waits
            return await self.read()

    async def withdraw(self, amount):
        async with self.lock:  # place: holds
            if await self.helper() > amount:
                self.amount -= amount


async def main(scene):
    await scene.begin()
    account = Account(scene.healthy)
    task = scene.spawn(service.repeat, scene, account.withdraw, 0)
    behind = [
        scene.spawn(service.repeat, scene, account.balance)
        for _ in range(scene.random.randint(0, 5))
    ]
    scene.expect(
        "deadlock",
        "certain",
        tasks=[task],
        objects=[account.lock],
        places=[scene.place("waits", task), scene.place("holds", task)],
        behind=behind,
    )
    scene.ready_when(
        lambda: service.stuck_at(task, account.lock)
        and all(service.stuck_at(one, account.lock) for one in behind)
    )
    await service.forever()


service.run(__file__, main)
