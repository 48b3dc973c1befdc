"""Requests wait until the service is ready, and what was to make it so has failed."""

import asyncio
import collections

import service


class NoDatabase(Exception):
    pass


App = collections.namedtuple("App", "state tasks")
APP = None


async def open_database(healthy):
    await asyncio.sleep(0.02)
    # The mistake: it is started and never awaited.
    if not healthy:
        raise NoDatabase("db1.internal:5432 does not answer")


async def start_up(healthy):
    await open_database(healthy)
    APP.state["ready"].set()


async def handle():
    await APP.state["ready"].wait()  # place: waits


async def main(scene):
    global APP
    await scene.begin()
    APP = App({"ready": asyncio.Event()}, [])
    APP.tasks.append(scene.spawn(start_up, scene.healthy))
    requests = [
        scene.spawn(service.repeat, scene, handle) for _ in range(scene.random.randint(1, 60))
    ]
    await scene.until(lambda: APP.tasks[0].done())
    scene.expect(
        "failed",
        "likely",
        tasks=APP.tasks[:1],
        objects=[APP.state["ready"]],
        behind=requests,
        places=[scene.place("waits", requests[0])],
    )
    scene.ready_when(
        lambda: all(service.waits_for_lock(task, APP.state["ready"]) for task in requests)
    )
    await service.forever()


service.run(__file__, main)
