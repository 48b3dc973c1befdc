"""Threads that are blocked in different ways, and the stacks that sys._current_frames() has of them.

A thread writes what it sees of all others to $AIODBG_REPORT with ".truth" appended, and ends. What
a thread does, and the C function that it calls, come from how the program is written.
"""
import asyncio
import concurrent.futures
import json
import os
import queue
import select
import sys
import threading
import time

try:
    from concurrent import interpreters
except ImportError:
    interpreters = None

LONG = 1000
SETTLE_SECONDS = 1
# By name: what its state is, and the C function that it calls; None: not compared.
expected = {}


def start(name, state, calls, target):
    expected[name] = {"state": state, "calls": calls}
    threading.Thread(target=target, name=name, daemon=True).start()


def deep(levels, last):
    if levels:
        return deep(levels - 1, last)
    return last()


def spread(
    function,
    *arguments
):
    return function(
        *arguments
    )


def generator():
    yield 1
    yield from inner_generator()


def inner_generator():
    time.sleep(LONG)
    yield 2


class Worker:
    def __init__(self):
        self.lock = threading.Lock()
        self.lock.acquire()

    def wait(self):
        with self.lock:
            pass

    def in_comprehension(self):
        return [[time.sleep(seconds) for seconds in (LONG,)] for _ in range(1)]

    def in_callback(self):
        return sorted([1], key=lambda _: time.sleep(LONG))


def after_other_calls():
    len(str(max(1, 2, abs(-3))))
    time.sleep(LONG)


def inside_with():
    with threading.Lock():
        time.sleep(LONG)


async def blocks():
    await asyncio.sleep(0)
    time.sleep(LONG)


async def sleeps():
    await asyncio.sleep(LONG)


def asks(loop):
    asyncio.run_coroutine_threadsafe(sleeps(), loop).result()


def in_interpreter():
    interpreters.create().exec("import time\ndef inside():\n    time.sleep(%d)\ninside()\n" % LONG)


def start_all(loop):
    worker = Worker()
    start("sleeps", "in C", "sleep", lambda: time.sleep(LONG))
    start("recursive", "in C", "sleep", lambda: deep(150, lambda: time.sleep(LONG)))
    start("spread", "in C", "sleep", lambda: spread(time.sleep, LONG))
    start("generator", "in C", "sleep", lambda: list(generator()))
    start("comprehension", "in C", "sleep", worker.in_comprehension)
    start("callback", "in C", None, worker.in_callback)
    start("after other calls", "in C", "sleep", after_other_calls)
    start("inside with", "in C", "sleep", inside_with)
    start("lock", "waits", None, worker.wait)
    start("event", "waits", None, threading.Event().wait)
    start("queue", "waits", None, queue.Queue().get)
    start("polls", "in C", "poll", lambda: select_poll())
    start("looping", "select", None, lambda: asyncio.run(sleeps()))
    start("blocked-loop", "in C", "sleep", lambda: asyncio.run(blocks()))
    start("asks", "waits", None, lambda: asks(loop))
    pool = concurrent.futures.ThreadPoolExecutor(2, "pool")
    pool.submit(time.sleep, LONG)
    pool.submit(int).result()
    expected["pool_0"] = {"state": "in C", "calls": "sleep"}
    expected["pool_1"] = {"state": "idle worker", "calls": None}
    expected["MainThread"] = {"state": "select", "calls": None}
    if interpreters:
        start("interpreter", "in C", "sleep", in_interpreter)


def select_poll():
    poll = select.poll()
    poll.poll(LONG * 1000)


def stack_of(frame):
    stack = []
    while frame:
        code = frame.f_code
        name = getattr(code, "co_qualname", code.co_name)
        stack.append([name, code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return stack


def report():
    time.sleep(SETTLE_SECONDS)
    frames = sys._current_frames()
    threads = []
    for thread in threading.enumerate():
        if thread is threading.current_thread():
            continue
        described = {"tid": thread.native_id, "name": thread.name}
        described["stack"] = stack_of(frames[thread.ident])
        described.update(expected[thread.name])
        threads.append(described)
    with open(os.environ["AIODBG_REPORT"] + ".truth", "w") as file:
        json.dump({"threads": threads}, file)
    print("READY", os.getpid(), flush=True)


async def main():
    start_all(asyncio.get_running_loop())
    threading.Thread(target=report, daemon=True).start()
    await asyncio.sleep(LONG)


if __name__ == "__main__":
    asyncio.run(main())
