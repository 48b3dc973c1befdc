"""Tasks that hang, one for each way: two locks that are taken in both orders, what waits behind
them, jobs in threads, and waits that end. As small as it can be, for the fuzzer."""
import asyncio
import concurrent.futures
import contextlib
import threading
import time

import report
import trim


class Part:
    """A part of the program that a lock protects."""

    def __init__(self):
        self.lock = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def held(self):
        async with self.lock:
            yield

    async def call(self, other):
        async with self.lock:
            await asyncio.sleep(0.01)
            async with other.lock:
                pass


class Work:
    """Everything else that can be waited for."""

    def __init__(self):
        self.thread_lock = threading.Lock()
        self.semaphore = asyncio.Semaphore(1)
        self.condition = asyncio.Condition()
        self.event = asyncio.Event()
        self.queue = asyncio.Queue(1)
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.future = asyncio.get_running_loop().create_future()

    def job(self):
        with self.thread_lock:
            time.sleep(3600)

    async def run(self):
        await asyncio.get_running_loop().run_in_executor(self.pool, self.job)

    async def hold_semaphore(self, part):
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.semaphore)
            async with part.held():
                pass

    async def take_semaphore(self):
        async with self.semaphore:
            pass

    async def wait_for_condition(self):
        async with self.condition:
            await self.condition.wait()

    async def put_two(self):
        await self.queue.put(1)
        await self.queue.put(2)

    async def get_from(self, queue):
        await queue.get()

    async def own_future(self):
        await self.future


async def rest():
    await asyncio.sleep(3600)


async def gathers():
    await asyncio.gather(rest(), asyncio.shield(rest()))


async def groups():
    async with asyncio.TaskGroup() as group:
        async with asyncio.timeout(3600):
            group.create_task(rest(), name="in group")


async def main():
    orders, stock, work = Part(), Part(), Work()
    named = {
        "orders": orders.call(stock),
        "stock": stock.call(orders),
        "behind": orders.call(stock),
        "job": work.run(),
        "job behind": work.run(),
        "semaphore behind": work.hold_semaphore(stock),
        "semaphore": work.take_semaphore(),
        "condition": work.wait_for_condition(),
        "event": asyncio.wait_for(work.event.wait(), 3600),
        "put": work.put_two(),
        "get": work.get_from(asyncio.Queue()),
        "join": work.queue.join(),
        "future": work.own_future(),
        "gather": gathers(),
    }
    if hasattr(asyncio, "TaskGroup"):
        named["group"] = groups()
    tasks = []
    for name, waits in named.items():
        tasks.append(asyncio.create_task(waits, name=name))
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    report.ready(last=lambda: trim.trim(waits=True))
    await asyncio.sleep(3600)


asyncio.run(main())
