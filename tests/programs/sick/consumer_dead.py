"""Producers wait at a full queue whose consumer has ended by an exception."""

import asyncio

import service


class BrokenMessage(Exception):
    pass


async def produce(scene, queue):
    while True:
        await queue.put("message")  # place: puts
        await asyncio.sleep(0.01)


async def consume(scene, queue):
    while True:
        await queue.get()
        scene.step()
        # The mistake: not caught.
        if not scene.healthy:
            raise BrokenMessage("message 17")


def start(scene, ret):
    """Nobody but the tasks has the queue after this."""
    queue = asyncio.Queue(scene.random.randint(1, 5))
    ret[:] = [scene.spawn(produce, scene, queue) for _ in range(scene.random.randint(1, 5))]
    ret.append(scene.spawn(consume, scene, queue))
    return service.ref(queue)


async def main(scene):
    await scene.begin()
    tasks = []
    queue = start(scene, tasks)
    await scene.until(lambda: tasks[-1].done())
    scene.expect(
        "no-consumer",
        "likely",
        tasks=tasks[:-1],
        objects=[queue],
        places=[scene.place("puts", tasks[0])],
        behind=tasks[-1:],
        also=["failed"],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks[:-1])))
    await service.forever()


service.run(__file__, main)
