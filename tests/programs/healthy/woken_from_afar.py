"""Futures that signal handlers, timers, files, threads, finalizers and C code complete."""

import asyncio
import ctypes
import functools
import os
import signal
import sqlite3
import threading
import time
import weakref

import load

PAUSE = 0.3


async def by_signal(scene):
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, event.set)
    while True:
        await event.wait()
        event.clear()
        scene.step()


async def by_plain_signal(scene):
    loop = asyncio.get_running_loop()
    while True:
        future = loop.create_future()
        signal.signal(signal.SIGUSR2, lambda *_, f=future: loop.call_soon_threadsafe(f.set_result, 1))
        await future
        scene.step()


def send_signals():
    while True:
        time.sleep(PAUSE)
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR2)


async def by_timer(scene):
    while True:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(PAUSE, functools.partial(future.set_result, 1))
        await future


async def by_file(scene):
    loop = asyncio.get_running_loop()
    read, write = os.pipe()
    while True:
        future = loop.create_future()

        def come():
            os.read(read, 1)
            if not future.done():
                future.set_result(None)

        loop.add_reader(read, come)
        loop.call_later(PAUSE, os.write, write, b"x")
        await future


async def by_thread(scene):
    loop = asyncio.get_running_loop()
    while True:
        future = loop.create_future()

        def wake(future=future):
            time.sleep(PAUSE)
            loop.call_soon_threadsafe(future.set_result, 1)

        threading.Thread(target=wake, daemon=True).start()
        await future


async def by_timer_thread(scene):
    loop = asyncio.get_running_loop()
    while True:
        event = asyncio.Event()
        timer = threading.Timer(PAUSE, loop.call_soon_threadsafe, [event.set])
        timer.daemon = True
        timer.start()
        del timer
        await event.wait()


async def by_finalizer(scene):
    class Thing:
        pass

    while True:
        future = asyncio.get_running_loop().create_future()
        thing = Thing()
        weakref.finalize(thing, future.set_result, 1)
        asyncio.get_running_loop().call_later(PAUSE, list, [thing])
        del thing
        await future


async def by_ctypes(scene):
    """C code has the function that completes it."""
    loop = asyncio.get_running_loop()
    while True:
        future = loop.create_future()
        callback = ctypes.CFUNCTYPE(ctypes.c_int)(lambda f=future: f.set_result(1) or 0)
        loop.call_later(PAUSE, callback)
        del callback
        await future


async def by_sqlite(scene):
    loop = asyncio.get_running_loop()
    while True:
        event = asyncio.Event()
        database = sqlite3.connect(":memory:")
        database.create_function("done", 0, lambda e=event: e.set() or 1)
        loop.call_later(PAUSE, database.execute, "select done()")
        await event.wait()


async def by_cache(scene):
    """The one who knows the event is an argument in a cache, and in an iterator."""
    loop = asyncio.get_running_loop()

    @functools.lru_cache(None)
    def find(key):
        return asyncio.Event()

    while True:
        loop.call_later(PAUSE, lambda: find(1).set())
        await find(1).wait()
        find.cache_clear()
        kept = iter([asyncio.Event()])
        loop.call_later(PAUSE, lambda: next(kept).set())
        await asyncio.wait([asyncio.ensure_future(asyncio.sleep(PAUSE))])


async def main(scene):
    threading.Thread(target=send_signals, daemon=True).start()
    every = (by_signal, by_plain_signal, by_timer, by_file, by_thread, by_timer_thread,
             by_finalizer, by_ctypes, by_sqlite, by_cache)
    await load.together(scene, [lambda one=one: one(scene) for one in every])


load.run(__file__, main)
