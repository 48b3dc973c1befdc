# SPDX-License-Identifier: MIT
"""Tasks that come and go, for as long as nobody ends it, next to some that never move.

The name of each task says who awaits it: "c17<churn-2" is awaited by "churn-2<" or nobody. Those
that never move are described on a line of JSON, as soon as they stand still: by id, their stack
from the innermost function on, and their awaiters.
"""
import asyncio
import itertools
import json
import os
import random

GROUPS = 10
CHURNERS = 4
BURST = 300

numbers = itertools.count()


async def wait_forever():
    await asyncio.get_running_loop().create_future()


async def numbers_forever():
    yield 1
    await wait_forever()


async def consume_forever():
    async for _ in numbers_forever():
        pass


async def hold(number):
    parent = "hold-%d" % number
    create = asyncio.get_running_loop().create_task
    left = create(wait_forever(), name="left-%d<%s" % (number, parent))
    right = create(consume_forever(), name="right-%d<%s" % (number, parent))
    expected[id(left)] = ["wait_forever"], [parent]
    expected[id(right)] = ["wait_forever", "numbers_forever", "consume_forever"], [parent]
    await asyncio.gather(left, right)


async def step():
    await asyncio.sleep(0)


async def steps():
    for _ in range(random.randrange(5)):
        await step()


async def generate():
    for number in range(3):
        await step()
        yield number


async def consume():
    async for _ in generate():
        await step()


async def wait_for_cancel():
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await step()


async def nest(depth):
    if depth:
        await nest(depth - 1)
    else:
        await step()


def some_coroutine():
    return random.choice([step, steps, consume, wait_for_cancel, lambda: nest(20)])()


async def churn(parent):
    while True:
        tasks = []
        for _ in range(random.randrange(1, BURST)):
            name = "c%d<%s" % (next(numbers), parent)
            tasks.append(asyncio.create_task(some_coroutine(), name=name))
            if not random.randrange(20):
                await step()
        await step()
        for task in tasks:
            if task.get_coro().__name__ == "wait_for_cancel" or not random.randrange(4):
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


expected = {}


async def main():
    create = asyncio.create_task
    kept = []
    for number in range(GROUPS):
        task = create(hold(number), name="hold-%d<all" % number)
        expected[id(task)] = ["hold"], ["all"]
        kept.append(task)
    await asyncio.sleep(0.05)
    os.write(1, json.dumps(expected).encode() + b"\n")
    for number in range(CHURNERS):
        parent = "churn-%d" % number
        kept.append(create(churn(parent), name=parent + "<all"))
    await asyncio.gather(*kept)


# The task that runs main() needs a name of the same kind.
async def named():
    asyncio.current_task().set_name("main<")
    task = asyncio.create_task(main(), name="all<main")
    await task


asyncio.run(named())
