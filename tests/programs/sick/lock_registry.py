"""A request that ended early has left the lock of an account locked, in a registry of all of them."""

import asyncio

import service


class Account:
    def __init__(self, number):
        self.number = number
        self.lock = asyncio.Lock()
        self.balance = 100

    async def book(self, amount):
        await self.lock.acquire()
        await asyncio.sleep(0.001)
        if self.balance + amount < 0:
            # The mistake: this way out does not release it.
            return False
        self.balance += amount
        self.lock.release()
        return True


class Bank:
    accounts = {}

    @classmethod
    def account(cls, number):
        if number not in cls.accounts:
            cls.accounts[number] = Account(number)
        return cls.accounts[number]


async def transfer(number, amount):
    account = Bank.account(number)
    if not await account.book(amount):  # place: waits
        return
    await asyncio.sleep(0.01)
    await account.book(-amount)


async def main(scene):
    await scene.begin()
    number = scene.random.randint(1, 1000)
    others = [
        scene.spawn(service.repeat, scene, transfer, one, 1)
        for one in range(2000, 2000 + scene.random.randint(1, 20))
    ]
    first = scene.spawn(transfer, number, 1 if scene.healthy else -1000)
    await asyncio.wait([first])
    waiting = [
        scene.spawn(service.repeat, scene, transfer, number, 1)
        for _ in range(scene.random.randint(1, 12))
    ]
    lock = Bank.account(number).lock
    scene.expect(
        "never-released",
        "likely",
        tasks=waiting,
        objects=[lock],
        also=["convoy"],
    )
    scene.ready_when(
        lambda: first.done()
        and not any(one.done() for one in others)
        and all(service.stuck_at(task, lock) for task in waiting)
    )
    await service.forever()


service.run(__file__, main)
