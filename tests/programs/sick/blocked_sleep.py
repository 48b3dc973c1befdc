"""A handler calls time.sleep(), deep below."""

import asyncio
import threading
import time

import background
import service


class Client:
    def __init__(self, pause):
        self.pause = pause

    def backoff(self):
        time.sleep(self.pause)  # place: sleeps


async def handle(scene, client):
    await asyncio.sleep(0.05)
    call = background.functools.partial(background.deep_call, scene.random, client.backoff)
    # The mistake: it is in the loop's thread.
    if not scene.healthy:
        call()
    await asyncio.get_running_loop().run_in_executor(None, call)


async def main(scene):
    await scene.begin()
    client = Client(0.02 if scene.healthy else scene.random.uniform(700, 3000))
    task = scene.spawn(service.repeat, scene, handle, scene, client)
    scene.expect("loop-blocked", "certain", tasks=[task], places=[scene.place("sleeps", task)])
    place, thread = scene.place("sleeps"), threading.main_thread()
    scene.ready_when(lambda: service.thread_at(thread, place), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
