"""A bounded semaphore of one and a lock, taken in either order."""

import asyncio

import service


class Printer:
    def __init__(self):
        self.slot = asyncio.BoundedSemaphore(1)
        self.paper = asyncio.Lock()

    async def print(self):
        async with self.slot:  # place: print holds
            await asyncio.sleep(0.02)
            async with self.paper:  # place: print waits
                await asyncio.sleep(0.02)

    async def refill(self):
        async with self.paper:  # place: refill holds
            await asyncio.sleep(0.02)
            async with self.slot:  # place: refill waits
                await asyncio.sleep(0.02)


async def main(scene):
    await scene.begin()
    printer = Printer()
    # The mistake: who refills takes the paper first.
    refill = printer.print if scene.healthy else printer.refill
    user = scene.spawn(service.repeat, scene, printer.print)
    clerk = scene.spawn(service.repeat, scene, refill)
    scene.expect(
        "deadlock",
        "certain",
        tasks=(user, clerk),
        objects=(printer.slot, printer.paper),
        places=[
            scene.place("print waits", user),
            scene.place("print holds", user),
            scene.place("refill waits", clerk),
            scene.place("refill holds", clerk),
        ],
    )
    scene.ready_when(
        lambda: service.stuck_at(user, printer.paper) and service.stuck_at(clerk, printer.slot)
    )
    await service.forever()


service.run(__file__, main)
