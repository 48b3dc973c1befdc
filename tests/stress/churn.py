"""Tasks that come and go as fast as they can, beside some that stay blocked for good.

    churn.py [WORKERS [SECONDS]]     SECONDS: how long a worker rests between two rounds

Each task is named "NUMBER<NUMBER": its own, which no other task ever has, and that of the only
task that may await it. So whoever looks from outside can tell a wrong edge from a right one. The
tasks that stay have STILL in front: there are always the same, and always as many.
"""

import asyncio
import itertools
import os
import sys

STILL = 50

numbers = itertools.count(1)


def number_of(task):
    return task.get_name().replace("STILL", "").split("<")[0]


def name(prefix=""):
    """A new task's name, for one that the current task will await."""
    return "%s%d<%s" % (prefix, next(numbers), number_of(asyncio.current_task()))


def start(coroutine, prefix=""):
    return asyncio.get_running_loop().create_task(coroutine, name=name(prefix))


async def rest(turns):
    for _ in range(turns):
        await asyncio.sleep(0)


async def generate(count):
    for index in range(count):
        await asyncio.sleep(0)
        yield index


async def iterate():
    async for _ in generate(3):
        await asyncio.sleep(0)


async def wait_for_others():
    await asyncio.gather(start(rest(1)), start(rest(2)), start(iterate()))


async def wait_for_one():
    await start(wait_for_others())


async def cancel_another():
    other = start(asyncio.sleep(3600))
    await asyncio.sleep(0)
    other.cancel()
    try:
        await other
    except asyncio.CancelledError:
        pass


async def time_out():
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.001)
    except asyncio.TimeoutError:
        pass


KINDS = (
    lambda: rest(1),
    lambda: rest(5),
    iterate,
    wait_for_others,
    wait_for_one,
    cancel_another,
    time_out,
)


async def work(seconds):
    for turn in itertools.count():
        # Sets and lists of all tasks grow and shrink.
        count = 1 + turn % 40
        await asyncio.gather(*(start(KINDS[(turn + k) % len(KINDS)]()) for k in range(count)))
        await asyncio.sleep(seconds)


async def stay(depth, forever):
    """Blocked, with a chain of coroutines."""
    if depth:
        await stay(depth - 1, forever)
    else:
        await forever.wait()


async def main(workers, seconds):
    asyncio.current_task().set_name("STILL0<")
    forever = asyncio.Event()
    still = [start(stay(k % 5, forever), "STILL") for k in range(STILL)]
    working = [start(work(seconds), "STILL") for _ in range(workers)]
    await asyncio.sleep(0.1)
    print("READY", os.getpid(), flush=True)
    await asyncio.gather(*still, *working)


if __name__ == "__main__":
    arguments = sys.argv[1:] + ["4", "0"][len(sys.argv) - 1 :]
    asyncio.run(main(int(arguments[0]), float(arguments[1])))
