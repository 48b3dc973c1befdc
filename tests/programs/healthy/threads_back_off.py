"""Threads that wait for each other's lock for a while, and then let go."""

import asyncio
import threading
import time

import load

PATIENCE = 5


def back_off(meeting, mine, other):
    while True:
        with mine:
            meeting.wait()
            if other.acquire(timeout=PATIENCE):
                other.release()


def poll(lock):
    while True:
        if lock.acquire(True, 0.2):
            lock.release()
        time.sleep(0.01)


async def hold(scene, lock):
    """Has a lock over an await, for which threads poll."""
    while True:
        with lock:
            await asyncio.sleep(0.1)
        scene.step()
        await asyncio.sleep(0.001)


def start(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


async def main(scene):
    meeting = threading.Barrier(2)
    first, second = threading.Lock(), threading.RLock()
    start(back_off, meeting, first, second)
    start(back_off, meeting, second, first)
    lock = threading.Lock()
    start(poll, lock)
    await load.together(scene, [lambda: hold(scene, lock)])


load.run(__file__, main)
