"""Locks taken by acquire(), which leaves no trace, and tasks that seem to have them but do not."""

import asyncio

import load

PAUSE = 0.3


class Stock:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def take(self):
        await self.lock.acquire()

    def give(self):
        self.lock.release()


class App:
    def __init__(self):
        self.stock = Stock()


async def hold_by_attributes(app):
    await app.stock.lock.acquire()
    try:
        await asyncio.sleep(PAUSE)
    finally:
        app.stock.lock.release()


async def hold_by_methods(app):
    await app.stock.take()
    try:
        await asyncio.sleep(PAUSE)
    finally:
        app.stock.give()


async def want_both(stock, other):
    async with other:
        async with stock.lock:
            pass


async def take_turns(stock, other):
    async with other:
        pass
    await stock.lock.acquire()
    stock.lock.release()


async def start(hold):
    app, other, tasks = App(), asyncio.Lock(), []
    for coro in (hold(app), want_both(app.stock, other), take_turns(app.stock, other)):
        tasks.append(asyncio.ensure_future(coro))
        await asyncio.sleep(0.001)
    return tasks


async def work(scene, hold):
    while True:
        await asyncio.wait(await start(hold))
        scene.step()


async def main(scene):
    await load.together(
        scene, [lambda: work(scene, hold_by_attributes), lambda: work(scene, hold_by_methods)]
    )


load.run(__file__, main)
