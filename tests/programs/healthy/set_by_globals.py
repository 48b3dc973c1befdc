"""A task that was to set events has failed, and others do it who come to them by a global only."""

import asyncio
import signal
import threading

import load

READY = {}


class Failed(Exception):
    pass


class Setter(asyncio.Protocol):
    def data_received(self, data):
        READY["protocol"].set()


def retry():
    READY["timer"].set()


def on_signal():
    READY["signal"].set()


def in_thread(loop, stop):
    stop.wait()
    loop.call_soon_threadsafe(lambda: READY["thread"].set())


async def set_all():
    for name in READY:
        await asyncio.sleep(0.01)
        if not READY[name].is_set():
            raise Failed("not today")
        READY[name].set()


async def handle(name):
    await READY[name].wait()


async def main(scene):
    loop = asyncio.get_running_loop()
    READY.update((name, asyncio.Event()) for name in ("protocol", "timer", "signal", "thread"))
    READY["protocol"].failed = asyncio.ensure_future(set_all())
    server = await loop.create_server(Setter, "127.0.0.1", 0)
    scene.kept = await asyncio.open_connection(*server.sockets[0].getsockname())
    loop.call_later(load.SECONDS, retry)
    loop.add_signal_handler(signal.SIGUSR1, on_signal)
    stop = threading.Event()
    threading.Thread(target=in_thread, args=(loop, stop), daemon=True).start()
    scene.step(), scene.step(), scene.step()
    await load.together(scene, [lambda name=name: handle(name) for name in READY for _ in range(9)])


load.run(__file__, main)
