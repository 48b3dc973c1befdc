"""A service that forks in all ways that leave its tasks in the child. Prints "READY pid" and then,
for each child, "kind pid"."""
import asyncio
import multiprocessing
import os
import sys
import threading
import time
import warnings

# Python 3.12+ warns about a fork in a process with threads.
warnings.simplefilter("ignore", DeprecationWarning)


def say(kind):
    print(kind, os.getpid(), flush=True)


def block(kind):
    say(kind)
    time.sleep(3600)


async def own():
    asyncio.current_task()
    say("loop")
    await asyncio.sleep(3600)


def run_own():
    asyncio.run(own())


async def wait():
    await asyncio.sleep(3600)


def fork(function, *arguments):
    if not os.fork():
        try:
            function(*arguments)
        finally:
            os._exit(0)


async def main():
    waits = asyncio.ensure_future(wait())
    await asyncio.sleep(0.05)
    print("READY", os.getpid(), flush=True)
    fork(block, "coroutine")
    fork(run_own)
    asyncio.get_event_loop().call_soon(fork, block, "callback")
    await asyncio.sleep(0.05)
    threading.Thread(target=fork, args=(block, "thread")).start()
    pool = multiprocessing.get_context("fork").Process(target=block, args=("process",))
    pool.start()
    await waits


sys.setswitchinterval(0.001)
asyncio.run(main())
