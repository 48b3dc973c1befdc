"""A task that was to set events has failed, and others set them by globals that texts name."""

import asyncio
import sys

import load

READY = STARTED = None


class Failed(Exception):
    pass


def set_global(name):
    globals()[name].set()


def set_attribute(name):
    getattr(sys.modules[__name__], name).set()


async def set_all():
    await asyncio.sleep(0.01)
    if not READY.is_set():
        raise Failed("not today")
    READY.set(), STARTED.set()


async def wait_until_ready():
    await READY.wait()


async def wait_until_started():
    await STARTED.wait()


async def main(scene):
    global READY, STARTED
    READY, STARTED = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    scene.failed = loop.create_task(set_all())
    loop.call_later(load.SECONDS, set_global, "READY")
    loop.call_later(load.SECONDS, set_attribute, "STARTED")
    scene.step(), scene.step(), scene.step()
    await load.together(scene, 5 * [wait_until_ready, wait_until_started])


load.run(__file__, main)
