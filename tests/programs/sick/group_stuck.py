"""A task group wants to end, and one of its children does not come out of its finally."""

import asyncio
import sys

import service


async def fail():
    await asyncio.sleep(0.02)
    raise ValueError("no such order")


async def watch(names, number, pause, ret):
    task = asyncio.current_task()
    task.set_name(names[number])
    try:
        await asyncio.sleep(2000)
    finally:
        if number == 0:
            ret[:] = [task]
            # The mistake: it waits for an answer to its goodbye.
            await asyncio.sleep(pause)  # place: waits


async def serve(scene, names, ret):
    pause = 0.001 if scene.healthy else 1000
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(len(names)):
                group.create_task(scene.deep(watch, names, number, pause, ret))
            group.create_task(fail())
    except Exception:
        # The group's, of one ValueError.
        pass


async def main(scene):
    if sys.version_info < (3, 11):
        service.missing("task groups came with Python 3.11")
    await scene.begin()
    names = [scene.task_name() for _ in range(scene.random.randint(1, 6))]
    found = []
    parent = scene.spawn(service.repeat, scene, serve, scene, names, found)
    await scene.until(lambda: found)
    scene.expect(
        "wont-cancel",
        "likely",
        tasks=found,
        places=[scene.place("waits", found[0] if found else None)],
        behind=[parent],
    )
    scene.ready_when(lambda: service.waits(parent) and service.waits(found[0]))
    await service.forever()


service.run(__file__, main)
