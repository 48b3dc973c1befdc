"""A handler waits for a child process in the loop's thread."""

import asyncio
import os
import subprocess
import threading

import background
import service


def convert(source):
    # Ends with us, who have the other end of the pipe.
    subprocess.call(["cat"], stdin=source)  # place: waits


async def convert_well():
    process = await asyncio.create_subprocess_exec("sleep", "0.02")
    await process.wait()


async def handle(scene):
    await asyncio.sleep(0.05)
    # The mistake: not asyncio's way to run a program.
    if not scene.healthy:
        background.deep_call(scene.random, convert, os.pipe()[0])
    await convert_well()


async def main(scene):
    await scene.begin()
    task = scene.spawn(service.repeat, scene, handle, scene)
    scene.expect("loop-blocked", "certain", tasks=[task], places=[scene.place("waits", task)])
    place, thread = scene.place("waits"), threading.main_thread()
    scene.ready_when(lambda: service.thread_at(thread, place), service.SETTLE_BLOCKED)
    await service.forever()


service.run(__file__, main)
