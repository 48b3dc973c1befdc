"""The main task has ended, and asyncio.run() waits for a task that will not be cancelled."""

import asyncio
import threading

import service


async def deliver(scene):
    while True:
        try:
            await asyncio.sleep(0.1)
            scene.step()
        except asyncio.CancelledError:
            # The mistake: it takes its time, and goes on.
            await asyncio.sleep(1000)  # place: waits


async def main(scene):
    await scene.begin()
    task = scene.spawn(deliver, scene)
    await asyncio.sleep(0.2)
    scene.expect(
        "stuck-at-exit",
        "likely",
        tasks=[task],
        places=[scene.place("waits", task)],
        also=["wont-cancel"],
    )
    main_thread = threading.main_thread()
    scene.ready_when(
        lambda: service.thread_in(main_thread, "_cancel_all_tasks") and service.waits(task)
    )
    # The twin has not come to that.
    if scene.healthy:
        await service.forever()
    await scene.load.end(but=[task])


service.run(__file__, main)
