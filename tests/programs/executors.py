"""Hand-over to threads: run_in_executor(), to_thread(), wrap_future(), and from a thread back."""
import asyncio
import concurrent.futures
import sys
import threading
import time

import report


async def rest():
    await asyncio.sleep(3600)


async def in_executor():
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600)


async def to_thread():
    await asyncio.to_thread(time.sleep, 3600)


async def wrapped():
    await asyncio.wrap_future(concurrent.futures.Future())


def plain_thread(loop):
    """A thread without a loop, blocked until a task of the loop is done."""
    asyncio.run_coroutine_threadsafe(rest(), loop).result()


async def main():
    functions = [in_executor, wrapped] + ([to_thread] if sys.version_info >= (3, 9) else [])
    tasks = [asyncio.create_task(function(), name=function.__name__) for function in functions]
    arguments = (asyncio.get_running_loop(),)
    threading.Thread(target=plain_thread, args=arguments, daemon=True).start()
    while len(asyncio.all_tasks()) < len(tasks) + 2:
        await asyncio.sleep(0.01)
    report.ready()
    await asyncio.sleep(3600)


asyncio.run(main())
