"""Tasks wait for an event, or a condition, to which nobody else leads."""

import asyncio

import service


async def wait_for_event(event):
    await event.wait()  # place: event


async def wait_for_condition(condition):
    async with condition:
        await condition.wait()  # place: condition


def take(event):
    if not event.is_set():
        raise LookupError("not yet")


async def wait_after_failure(event):
    try:
        take(event)
    except LookupError:
        await event.wait()  # place: failed


async def announce(thing):
    await asyncio.sleep(0.02)
    if isinstance(thing, asyncio.Event):
        thing.set()
        return
    async with thing:
        thing.notify_all()


WAITS = {
    "event": wait_for_event,
    "condition": wait_for_condition,
    "failed": wait_after_failure,
}


async def meet(scene, names, kind, ret):
    thing = asyncio.Condition() if kind == "condition" else asyncio.Event()
    wait = WAITS[kind]
    tasks = [scene.load.keep(scene.deep(wait, thing), name) for name in names]
    # The mistake: who should have told them was never started.
    if scene.healthy:
        tasks.append(scene.load.keep(announce(thing), None))
    ret[:] = [service.ref(thing)] + tasks
    del thing
    await asyncio.wait(tasks)


async def main(scene):
    await scene.begin()
    names = [scene.task_name() for _ in range(scene.random.randint(1, 5))]
    kind = scene.random.choice(sorted(WAITS))
    found = []
    parent = scene.spawn(service.repeat, scene, meet, scene, names, kind, found)
    await asyncio.sleep(0.05)
    tasks = found[1:]
    scene.expect(
        "nothing-can-wake",
        "certain",
        tasks=tasks,
        objects=found[:1],
        places=[scene.place(kind, tasks[0])],
        behind=[parent],
    )
    scene.ready_when(lambda: all(map(service.waits, tasks)))
    await service.forever()


service.run(__file__, main)
