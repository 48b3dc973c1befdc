"""Locks that Condition.wait() has given back, by every way to have taken them, while others have
them by acquire(), which leaves no trace."""

import asyncio

import load


async def wait_in_condition(condition):
    while True:
        async with condition:
            await condition.wait()


async def wait_in_another(condition, lock):
    while True:
        async with lock:
            await condition.wait()


async def wait_for_a_while(condition):
    while True:
        async with condition:
            try:
                await asyncio.wait_for(condition.wait(), 30)
            except asyncio.TimeoutError:
                pass


async def wait_in_a_task(condition):
    while True:
        async with condition:
            await asyncio.ensure_future(condition.wait())


async def notify(scene, condition):
    while True:
        await condition.acquire()
        try:
            condition.notify_all()
            # Those that were notified queue for the lock meanwhile.
            await asyncio.sleep(0.05)
        finally:
            condition.release()
        scene.step()
        await asyncio.sleep(0.001)


async def main(scene):
    functions = []
    for wait in (wait_in_condition, wait_for_a_while, wait_in_a_task):
        condition = asyncio.Condition()
        functions += [lambda wait=wait, condition=condition: wait(condition)] * 2
        functions.append(lambda condition=condition: notify(scene, condition))
    lock = asyncio.Lock()
    one, other = asyncio.Condition(lock), asyncio.Condition(lock)
    functions.append(lambda: wait_in_another(one, lock))
    functions.append(lambda: wait_in_another(one, other))
    functions.append(lambda: notify(scene, one))
    await load.together(scene, functions)


load.run(__file__, main)
