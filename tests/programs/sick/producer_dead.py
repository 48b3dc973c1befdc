"""Consumers wait at an empty queue whose producer has ended by an exception."""

import asyncio

import service


class FeedClosed(Exception):
    pass


async def produce(scene, queue):
    while True:
        queue.put_nowait("quote")
        await asyncio.sleep(0.02)
        # The mistake: not caught.
        if not scene.healthy:
            raise FeedClosed("by the other side")


async def consume(scene, queue):
    while True:
        await queue.get()  # place: gets
        scene.step()


def start(scene, ret):
    """Nobody but the tasks has the queue after this."""
    queue = asyncio.Queue()
    ret[:] = [scene.spawn(consume, scene, queue) for _ in range(scene.random.randint(1, 5))]
    ret.append(scene.spawn(produce, scene, queue))
    return service.ref(queue)


async def main(scene):
    await scene.begin()
    tasks = []
    queue = start(scene, tasks)
    await scene.until(lambda: tasks[-1].done())
    scene.expect(
        "no-producer",
        "likely",
        tasks=tasks[:-1],
        objects=[queue],
        places=[scene.place("gets", tasks[0])],
        behind=tasks[-1:],
        also=["failed"],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks[:-1])))
    await service.forever()


service.run(__file__, main)
