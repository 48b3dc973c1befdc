"""Locks and permits that one task takes and another one gives back: a task, a callback, a thread."""

import asyncio
import threading

import load

PAUSE = 0.3


async def pass_on(lock, other, baton):
    await lock.acquire()
    baton.put_nowait(lock)
    async with other:
        pass
    if lock is None:
        lock.release()


async def give_back(baton):
    lock = await baton.get()
    await asyncio.sleep(PAUSE)
    lock.release()


async def take_both(lock, other):
    async with other:
        async with lock:
            pass


async def by_task(scene):
    while True:
        lock, other, baton = asyncio.Lock(), asyncio.Lock(), asyncio.Queue()
        tasks = [asyncio.ensure_future(take_both(lock, other))]
        await lock.acquire()
        await asyncio.sleep(0.001)
        lock.release()
        tasks = []
        for coro in (pass_on(lock, other, baton), take_both(lock, other), give_back(baton)):
            tasks.append(asyncio.ensure_future(coro))
        await asyncio.wait(tasks)
        scene.step()


async def pass_permit(permits, other, jobs):
    await permits.acquire()
    jobs.append(permits)
    async with other:
        pass


async def take_permit(permits, other):
    async with other:
        async with permits:
            pass


async def by_timer(scene, permits):
    while True:
        other, jobs = asyncio.Lock(), []
        async with other:
            task = asyncio.ensure_future(pass_permit(permits, other, jobs))
            await asyncio.sleep(0.01)
            asyncio.get_running_loop().call_later(PAUSE, permits.release)
            async with permits:
                pass
        await task
        scene.step()


async def by_thread(scene, lock):
    loop = asyncio.get_running_loop()
    while True:
        await lock.acquire()
        timer = threading.Timer(PAUSE, loop.call_soon_threadsafe, [lock.release])
        timer.daemon = True
        timer.start()
        await lock.acquire()
        lock.release()
        scene.step()


async def by_done_callback(scene, lock):
    while True:
        await lock.acquire()
        task = asyncio.ensure_future(asyncio.sleep(PAUSE))
        task.add_done_callback(lambda done: lock.release())
        del task
        await lock.acquire()
        lock.release()
        scene.step()


async def main(scene):
    await load.together(
        scene,
        [lambda: by_task(scene)] * 3
        + [lambda: by_timer(scene, asyncio.Semaphore(1))]
        + [lambda: by_timer(scene, asyncio.BoundedSemaphore(1))]
        + [lambda: by_thread(scene, asyncio.Lock())] * 2
        + [lambda: by_done_callback(scene, asyncio.Lock())] * 2,
    )


load.run(__file__, main)
