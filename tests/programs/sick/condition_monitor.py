"""A task waits for a condition with another lock held, which who would notify it wants first."""

import asyncio

import service


class Buffer:
    def __init__(self):
        self.door = asyncio.Lock()
        self.filled = asyncio.Condition()
        self.items = 0

    async def take(self, healthy):
        async with self.door:  # place: take holds
            pass_on = healthy
            if not pass_on:
                # The mistake: the door stays locked meanwhile.
                await self.wait()
        if pass_on:
            await self.wait()

    async def wait(self):
        async with self.filled:
            await self.filled.wait_for(lambda: self.items)  # place: take waits
            self.items -= 1

    async def put(self):
        async with self.door:  # place: put waits
            async with self.filled:
                self.items += 1
                self.filled.notify()


def start(scene, ret):
    """Nobody but the tasks has the buffer after this."""
    buffer = Buffer()
    ret.append(scene.spawn(service.repeat, scene, buffer.take, scene.healthy))
    ret.append(scene.spawn(delayed, scene, buffer))
    return service.ref(buffer.door)


async def delayed(scene, buffer):
    await asyncio.sleep(0.05)
    await service.repeat(scene, buffer.put)


async def main(scene):
    await scene.begin()
    tasks = []
    door = start(scene, tasks)
    scene.expect(
        "deadlock",
        "likely",
        tasks=tasks,
        objects=[door],
        places=[scene.place("put waits", tasks[1])],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
