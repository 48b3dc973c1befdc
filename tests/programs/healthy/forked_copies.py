"""A child of a process that is sick in many ways: it has copies of all that, and is healthy itself."""

import asyncio
import os
import threading
import time
import warnings

import load

warnings.simplefilter("ignore", DeprecationWarning)

KEPT = []


async def take(first, second):
    async with first:
        await asyncio.sleep(0.01)
        async with second:
            pass


async def fill(queue):
    while True:
        await queue.put(None)


async def empty(queue):
    await queue.get()
    raise ValueError("broken")


async def wait(event):
    await event.wait()


async def finish(event):
    await asyncio.sleep(0)
    raise ValueError("broken")
    event.set()


async def lose():
    await asyncio.get_running_loop().create_future()


async def use(scene, lock):
    while True:
        async with lock:
            await asyncio.sleep(0.001)
        scene.step()


async def work(scene):
    lock = asyncio.Lock()
    await load.together(scene, [lambda: use(scene, lock)] * 4)


def keep_lock(lock):
    with lock:
        time.sleep(load.SECONDS)


async def be_sick():
    left, right, queue, event = asyncio.Lock(), asyncio.Lock(), asyncio.Queue(1), asyncio.Event()
    for function, *arguments in (
        (take, left, right),
        (take, right, left),
        (fill, queue),
        (empty, queue),
        (wait, event),
        (finish, event),
        (lose,),
    ):
        KEPT.append(asyncio.ensure_future(function(*arguments)))
    # A lock of this thread the child has, too, and does not want.
    threading.Thread(target=keep_lock, args=[threading.Lock()], daemon=True).start()
    await asyncio.sleep(0.1)
    del left, right, queue, event
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    asyncio.events._set_running_loop(None)
    load.run(__file__, work)


asyncio.run(be_sick())
