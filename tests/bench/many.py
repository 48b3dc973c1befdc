# SPDX-License-Identifier: MIT
"""Many tasks in one of several shapes, for scripts/bench: many.py SHAPE COUNT.

Prints "READY <pid> <number of tasks>" when all tasks wait.
"""

import asyncio
import os
import random
import resource
import sys
import threading
import time


async def leaf():
    await asyncio.sleep(1_000_000)


async def middle():
    await leaf()


async def work():
    await middle()


async def deep(levels):
    if levels:
        await deep(levels - 1)
    else:
        await leaf()


async def awaits(task):
    await task


async def group(count):
    """A TaskGroup of at most ten, the rest shared out among them."""
    shares = [(count - 1 + i) // 10 for i in range(10)]
    async with asyncio.TaskGroup() as tasks:
        for share in filter(None, shares):
            tasks.create_task(group(share))
        if count == 1:
            await leaf()


def flat(count):
    """One gather of all, each with three frames and a sleep."""
    return [asyncio.create_task(work()) for _ in range(count)]


def groups(count):
    """Groups in groups, ten in each."""
    return [asyncio.create_task(group(count))]


def chain(count):
    """Each task awaits the one before it."""
    tasks = [asyncio.create_task(work())]
    while len(tasks) < count:
        tasks.append(asyncio.create_task(awaits(tasks[-1])))
    return tasks[-1:]


def stacks(count):
    """Each has 50 coroutines on top of each other."""
    return [asyncio.create_task(deep(50)) for _ in range(count)]


def wide(count):
    """All but one await the same one."""
    first = asyncio.create_task(work())
    return [asyncio.create_task(awaits(first)) for _ in range(count - 1)]


def code(count):
    """Each runs a function of its own."""
    tasks = []
    for number in range(count):
        names = {"leaf": leaf}
        exec("async def work_%d():\n    await leaf()\n" % number, names)
        tasks.append(asyncio.create_task(names["work_%d" % number]()))
    return tasks


def scattered(count):
    """Objects wherever there was room, as in a process that has run for long."""
    filling = [bytes(random.randrange(0, 480)) for _ in range(count * 40)]
    random.shuffle(filling)
    del filling[count * 20 :]
    tasks = flat(count)
    tasks[0].filling = filling
    return tasks


async def use(lock):
    async with lock:
        await leaf()


def locked(count):
    """All but one wait for the lock that this one has."""
    lock = asyncio.Lock()
    return [asyncio.create_task(use(lock)) for _ in range(count)]


class Service:
    """Everything that tasks commonly wait for, once for each hundred."""

    def __init__(self):
        self.lock = asyncio.Lock()
        self.event = asyncio.Event()
        self.queue = asyncio.Queue()
        self.permits = asyncio.Semaphore(2)
        self.reply = asyncio.get_running_loop().create_future()

    async def get(self):
        await self.queue.get()

    async def listen(self):
        await self.event.wait()

    async def answer(self):
        await self.reply

    async def limit(self):
        await asyncio.wait_for(use(self.permits), 1_000_000)

    async def serve(self):
        await asyncio.gather(leaf(), leaf())

    def tasks(self, count):
        ways = (
            [lambda: use(self.lock), self.get, self.listen, self.answer]
            + [self.limit, self.serve, work]
        )
        return [asyncio.create_task(ways[i % len(ways)]()) for i in range(count)]


def waiting(count):
    """A service for each hundred, for whose objects they wait."""
    tasks = []
    while len(tasks) < count:
        tasks += Service().tasks(min(100, count - len(tasks)))
    return tasks


async def get(queue):
    await queue.get()


def queues(count):
    """A queue for each hundred, a file that the loop reads for each twenty, up to 100 threads."""
    queues = [asyncio.Queue() for _ in range(max(1, count // 100))]
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(get(queues[i % len(queues)])) for i in range(count)]
    for _ in range(count // 20):
        # The other end counts as well.
        loop.add_reader(os.pipe()[0], print)
    for _ in range(min(100, count)):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    return tasks


class Parked(asyncio.SelectorEventLoop):
    """A loop without files, that never runs again once its tasks wait."""

    def __init__(self):
        super().__init__(selector=Nothing())

    def _make_self_pipe(self):
        pass


class Nothing:
    """A selector for it."""

    def select(self, timeout):
        return ()

    def get_map(self):
        return {}

    def close(self):
        pass


def loops(count):
    """A loop for each ten, all of them in the same thread, none running."""
    kept = []
    for _ in range(max(1, count // 10)):
        loop = Parked()
        kept.append((loop, [loop.create_task(work()) for _ in range(10)]))
        # Two turns: the second one sees what the first has put off.
        loop.call_soon(loop.call_soon, loop.stop)
        loop.run_forever()
    return kept, sum(len(tasks) for _, tasks in kept)


def threads(count):
    """Up to a thousand threads, each with a running loop."""
    many = min(1000, max(1, count // 10))
    begun = threading.Barrier(many + 1)
    numbers = []

    async def run():
        tasks = flat(count // many)
        numbers.append(len(asyncio.all_tasks()))
        asyncio.get_running_loop().call_later(0.2, begun.wait)
        await asyncio.gather(*tasks)

    threading.stack_size(256 * 1024)
    for _ in range(many):
        threading.Thread(target=asyncio.run, args=(run(),), daemon=True).start()
    begun.wait()
    return None, sum(numbers)


def interpreters(count):
    """Up to a hundred interpreters, each with a thread and a running loop."""
    import _interpreters

    many = min(100, max(1, count // 10))
    ends = [os.pipe() for _ in range(many)]
    with open(__file__, encoding="utf-8") as file:
        # They have our name and arguments, too.
        source = file.read().rpartition("if __name__ ==")[0]
    for _, end in ends:
        call = "\nasyncio.run(main('flat', %d, lambda number: os.write(%d, b'%%d' %% number)))\n"
        arguments = (_interpreters.create("legacy"), source + call % (count // many, end))
        threading.Thread(target=_interpreters.exec, args=arguments, daemon=True).start()
    return None, sum(int(os.read(end, 20)) for end, _ in ends)


def crowd(count):
    """So many callbacks are ready in a loop that is blocked; and for each thousand of them two threads
    that wait, and one that runs a loop of its own."""
    few = max(1, count // 1000)
    begun = threading.Barrier(few + 2)
    # Files of the loops.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def rest():
        asyncio.get_running_loop().call_later(0.2, begun.wait)
        await leaf()

    async def block():
        loop = asyncio.get_running_loop()
        for _ in range(count):
            loop.call_soon(print)
        begun.wait()
        threading.Event().wait()

    threading.stack_size(256 * 1024)
    for coroutine in [block()] + [rest() for _ in range(few)]:
        threading.Thread(target=asyncio.run, args=(coroutine,), daemon=True).start()
    for _ in range(2 * few):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    begun.wait()
    time.sleep(1)
    return None, few + 1


async def main(shape, count, ready):
    tasks = SHAPES[shape](count)
    # One turn of the loop for each, so that it waits; a chain needs no more.
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    # Groups are as deep as they have levels.
    loop.call_later(0.5, lambda: ready(len(asyncio.all_tasks())))
    await asyncio.gather(*tasks)


def say_ready(number):
    print("READY", os.getpid(), number, flush=True)


# In the running loop.
SHAPES = {
    "flat": flat,
    "groups": groups,
    "chain": chain,
    "stacks": stacks,
    "wide": wide,
    "code": code,
    "scattered": scattered,
    "locked": locked,
    "waiting": waiting,
    "queues": queues,
}
# These make their own.
OTHER_SHAPES = {
    "loops": loops,
    "threads": threads,
    "interpreters": interpreters,
    "crowd": crowd,
}

if __name__ == "__main__" and len(sys.argv) == 3:
    shape, count = sys.argv[1], int(sys.argv[2])
    if shape in SHAPES:
        asyncio.run(main(shape, count, say_ready))
    kept, number = OTHER_SHAPES[shape](count)
    say_ready(number)
    threading.Event().wait()
