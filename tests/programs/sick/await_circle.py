"""Tasks that each await the next one, the last of them the first."""

import asyncio

import service


async def resolve(scene, tasks, number):
    await asyncio.sleep(0.02)
    # The mistake: the last module depends on the first.
    if number + 1 < len(tasks) or not scene.healthy:
        await tasks[(number + 1) % len(tasks)]  # place: waits


async def build(scene, names, tasks):
    tasks[:] = [None] * len(names)
    for number, name in enumerate(names):
        coroutine = scene.deep(resolve, scene, tasks, number)
        tasks[number] = scene.load.keep(coroutine, name)
    await asyncio.gather(*tasks)


async def main(scene):
    await scene.begin()
    names = [scene.task_name("module") for _ in range(scene.random.randint(2, 6))]
    tasks = []
    builder = scene.spawn(service.repeat, scene, build, scene, names, tasks)
    await scene.until(lambda: tasks and all(tasks))
    named = [task for task in tasks if task]
    scene.expect(
        "deadlock",
        "certain",
        tasks=named,
        places=[scene.place("waits", task) for task in named],
        behind=[builder],
    )
    scene.ready_when(
        lambda: all(
            service.waits_for_task(task, after) for task, after in zip(tasks, tasks[1:] + tasks[:1])
        )
    )
    await service.forever()


service.run(__file__, main)
