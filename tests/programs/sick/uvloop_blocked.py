"""A handler calls time.sleep() on uvloop, which has no frame that tells what it does."""

import asyncio
import threading
import time

import background
import service

try:
    import uvloop
except ImportError:
    service.missing("uvloop")

PACKAGES = ("uvloop",)


def lookup(seconds):
    time.sleep(seconds)  # place: sleeps


async def handle(scene):
    await asyncio.sleep(0.05)
    # The mistake: nobody has asked how long it takes.
    background.deep_call(scene.random, lookup, 0.001 if scene.healthy else 2000)


async def main(scene):
    await scene.begin()
    task = scene.spawn(service.repeat, scene, handle, scene)
    scene.expect("loop-blocked", "likely", tasks=[task], places=[scene.place("sleeps", task)])
    place, thread = scene.place("sleeps"), threading.main_thread()
    scene.ready_when(lambda: service.thread_at(thread, place), service.SETTLE_BLOCKED)
    await service.forever()


uvloop.install()
service.run(__file__, main)
