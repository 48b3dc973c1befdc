"""A producer joins its queue while the consumer still waits for a word from the producer."""

import asyncio

import service


async def produce(work, words):
    for number in range(3):
        work.put_nowait(number)
    await work.join()  # place: join
    words.put_nowait("more")


async def consume(work, words, healthy):
    # The mistake: it waits for a word before it works.
    if not healthy:
        await words.get()  # place: get
    for _ in range(3):
        await work.get()
        await asyncio.sleep(0.01)
        work.task_done()
    await words.get()


async def round_trip(scene, ret):
    """One round with queues of its own, to which only these two tasks lead."""
    work, words = asyncio.Queue(), asyncio.Queue()
    pair = [
        scene.spawn(produce, work, words, name="producer-a"),
        scene.spawn(consume, work, words, scene.healthy, name="consumer-a"),
    ]
    ret[:] = pair + [(service.ref(work), service.ref(words))]
    del work, words
    await asyncio.gather(*pair)


async def main(scene):
    await scene.begin()
    found = []
    parent = scene.spawn(service.repeat, scene, round_trip, scene, found)
    await scene.until(lambda: found)
    tasks = found[:2]
    scene.expect(
        "deadlock",
        "likely",
        or_kinds=("no-consumer", "no-producer"),
        tasks=tasks,
        objects=found[2] if found else (),
        places=[scene.place("join", tasks[0]), scene.place("get", tasks[1])] if found else (),
        behind=[parent],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)))
    await service.forever()


service.run(__file__, main)
