"""join() waits for items that were taken, and never reported as done."""

import asyncio

import service


async def work(scene, queue):
    while True:
        item = await queue.get()
        if item is None:
            queue.task_done()
            return
        await asyncio.sleep(0.005)
        # The mistake: `continue` before task_done().
        if item == 2 and not scene.healthy:
            continue
        queue.task_done()


async def drain(scene, count, ret):
    queue = asyncio.Queue()
    for item in list(range(count)) + [None]:
        queue.put_nowait(item)
    worker = scene.load.keep(scene.deep(work, scene, queue), None)
    ret[:] = [worker, service.ref(queue)]
    await queue.join()  # place: joins


async def main(scene):
    await scene.begin()
    found = []
    count = scene.random.randint(3, 10)
    task = scene.spawn(service.repeat, scene, drain, scene, count, found)
    await scene.until(lambda: found and found[0].done())
    scene.expect(
        "no-consumer",
        "likely",
        tasks=[task],
        objects=found[1:],
        places=[scene.place("joins", task)],
        behind=found[:1],
    )
    scene.ready_when(lambda: service.waits(task))
    await service.forever()


service.run(__file__, main)
