"""A task waiting in each of asyncio's queues and locks."""
import asyncio
import sys

import report


async def rest():
    await asyncio.sleep(3600)


async def get():
    await asyncio.Queue().get()


async def put():
    queue = asyncio.Queue(maxsize=1)
    await queue.put(1)
    await queue.put(2)


async def join():
    queue = asyncio.Queue()
    await queue.put(1)
    await queue.join()


async def event():
    await asyncio.Event().wait()


async def hold(lock):
    async with lock:
        await rest()


async def condition():
    condition = asyncio.Condition()
    async with condition:
        await condition.wait()


async def condition_for():
    condition = asyncio.Condition()
    async with condition:
        await condition.wait_for(lambda: False)


async def semaphore():
    semaphore = asyncio.Semaphore(1)
    await semaphore.acquire()
    async with semaphore:
        pass


async def barrier():
    await asyncio.Barrier(2).wait()


async def main():
    lock = asyncio.Lock()
    tasks = [asyncio.create_task(hold(lock), name="lock-%d" % number) for number in range(3)]
    functions = [get, put, join, event, condition, condition_for, semaphore]
    functions += [barrier] if sys.version_info >= (3, 11) else []
    tasks += [asyncio.create_task(function(), name=function.__name__) for function in functions]
    report.ready()
    await asyncio.sleep(3600)
    return tasks


asyncio.run(main())
