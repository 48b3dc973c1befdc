"""Several locks taken through an AsyncExitStack, in the order in which they were asked for."""

import asyncio
import contextlib

import service


class Vault:
    def __init__(self, number):
        self.number = number
        self.lock = asyncio.Lock()


async def transfer(vaults):
    async with contextlib.AsyncExitStack() as stack:
        for vault in vaults:
            await stack.enter_async_context(vault.lock)  # place: waits
            await asyncio.sleep(0.02)


async def main(scene):
    await scene.begin()
    vaults = [Vault(number) for number in range(scene.random.randint(2, 5))]
    first, last = vaults[0], vaults[-1]
    backwards = vaults[::-1]
    # The mistake: they are not sorted.
    if scene.healthy:
        backwards.sort(key=lambda vault: vault.number)
    one = scene.spawn(service.repeat, scene, transfer, [first, last])
    two = scene.spawn(service.repeat, scene, transfer, [backwards[0], backwards[-1]])
    scene.expect(
        "deadlock",
        "likely",
        tasks=(one, two),
        objects=(first.lock, last.lock),
        places=[scene.place("waits", one), scene.place("waits", two)],
    )
    scene.ready_when(
        lambda: service.stuck_at(one, last.lock) and service.stuck_at(two, first.lock)
    )
    await service.forever()


service.run(__file__, main)
