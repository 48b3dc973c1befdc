"""Tasks that wait for one that wants their lock, but also for something else, which comes."""

import asyncio

import load

PAUSE = 0.3


class Failed(Exception):
    """What is waited for fails, as it should."""


async def want(lock):
    async with lock:
        pass


async def until_stopped(scene, lock, return_when):
    """Waits for a task or a plain future."""
    loop = asyncio.get_running_loop()
    while True:
        async with lock:
            stop = loop.create_future()
            loop.call_later(PAUSE, stop.set_exception, Failed())
            task = asyncio.ensure_future(want(lock))
            await asyncio.wait({task, stop}, return_when=return_when)
            stop.exception()
        await task
        scene.step()


async def until_failed(scene, lock):
    """Gathers a task and a plain future, whose failure ends that."""
    loop = asyncio.get_running_loop()
    while True:
        async with lock:
            stop = loop.create_future()
            loop.call_later(PAUSE, stop.set_exception, Failed())
            task = asyncio.ensure_future(want(lock))
            try:
                await asyncio.gather(task, stop)
            except (Failed, asyncio.CancelledError):
                pass
            scene.step()


class Door:
    """A lock whose user opens it to others for a moment, in a method."""

    def __init__(self):
        self.lock = asyncio.Lock()

    async def open_for(self, task):
        self.lock.release()
        try:
            await task
        finally:
            await self.lock.acquire()

    async def use(self):
        await self.lock.acquire()
        try:
            await asyncio.sleep(PAUSE)
        finally:
            self.lock.release()

    async def work(self, scene):
        while True:
            async with self.lock:
                user = asyncio.ensure_future(self.use())
                await asyncio.sleep(0)
                await self.open_for(asyncio.ensure_future(want(self.lock)))
            await user
            scene.step()


async def main(scene):
    functions = [lambda: Door().work(scene)]
    for return_when in (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION):
        lock = asyncio.Lock()
        functions.append(lambda lock=lock, when=return_when: until_stopped(scene, lock, when))
    functions.append(lambda lock=asyncio.Lock(): until_failed(scene, lock))
    await load.together(scene, functions)


load.run(__file__, main)
