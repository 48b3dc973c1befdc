"""Tasks are cancelled, as they may be, and kept: others do their work, or they are begun anew."""

import asyncio
import functools
import signal
import threading
import time

import load

PAUSE = 0.3


class Feature:
    """What one task of the first kind would set, and others still may."""

    def __init__(self):
        self.ready = asyncio.Event()
        self.task = None

    async def warm_up(self):
        await asyncio.sleep(1000)
        self.ready.set()

    async def use(self, scene):
        while True:
            await self.ready.wait()
            self.ready.clear()
            scene.step()

    def announce(self):
        self.ready.set()

    async def cancel(self):
        """Its only setter, so far."""
        self.task = asyncio.ensure_future(self.warm_up())
        await asyncio.sleep(0.01)
        self.task.cancel()


class Doorbell(asyncio.Protocol):
    def __init__(self, feature):
        self.feature = feature

    def data_received(self, data):
        self.feature.ready.set()


async def by_timer(scene, feature, loop):
    def again():
        feature.announce()
        loop.call_later(PAUSE, again)

    loop.call_later(PAUSE, again)


async def by_thread(scene, feature, loop):
    def work():
        while True:
            time.sleep(PAUSE)
            loop.call_soon_threadsafe(lambda: feature.announce())

    threading.Thread(target=work, daemon=True).start()


async def by_thread_timer(scene, feature, loop):
    def again():
        loop.call_soon_threadsafe(feature.ready.set)
        timer = threading.Timer(PAUSE, again)
        timer.daemon = True
        timer.start()

    again()


async def by_signal(scene, feature, loop):
    signal.signal(signal.SIGUSR1, lambda *unused: feature.announce())


async def by_signal_of_loop(scene, feature, loop):
    loop.add_signal_handler(signal.SIGUSR2, functools.partial(Feature.announce, feature))


async def by_executor(scene, feature, loop):
    def again(unused=None):
        feature.ready.set()
        feature.job = loop.run_in_executor(None, time.sleep, PAUSE)
        feature.job.add_done_callback(again)

    again()


async def by_server(scene, feature, loop):
    async def connected(reader, writer):
        await reader.read(1)
        feature.announce()
        writer.close()

    feature.server = await asyncio.start_server(connected, "127.0.0.1", 0)
    await knock(feature, loop)


async def by_protocol(scene, feature, loop):
    feature.server = await loop.create_server(lambda: Doorbell(feature), "127.0.0.1", 0)
    await knock(feature, loop)


async def knock(feature, loop):
    """From outside, as far as the feature knows."""
    address = feature.server.sockets[0].getsockname()

    def again():
        writers = []

        async def once():
            writers.append((await asyncio.open_connection(*address))[1])
            writers[0].write(b"x")

        loop.create_task(once()).add_done_callback(lambda done: loop.call_later(PAUSE, again))

    again()


async def supervise(scene, feature, loop):
    """Begins anew what it has cancelled, after a pause."""

    async def again():
        while True:
            await asyncio.sleep(PAUSE)
            feature.task = asyncio.ensure_future(shorter(feature))

    feature.supervisor = asyncio.ensure_future(again())


async def shorter(feature):
    feature.ready.set()


async def shrunk_pool(scene):
    """Workers that are left do the work of those that were cancelled."""
    queue = asyncio.Queue(2)

    async def work():
        while True:
            await queue.get()
            await asyncio.sleep(0.01)
            queue.task_done()
            scene.step()

    workers = [asyncio.ensure_future(work()) for _ in range(4)]
    await asyncio.sleep(0.02)
    for worker in workers[1:]:
        worker.cancel()
    while True:
        await queue.put(1)
        await queue.join()


async def gone_clients(scene):
    """Requests that their clients have cancelled stay in the log; others come."""
    changed, log = asyncio.Condition(), []

    async def request():
        await asyncio.sleep(0.01)
        async with changed:
            changed.notify_all()

    async def watch():
        while True:
            async with changed:
                await changed.wait()
            scene.step()

    log.append(asyncio.ensure_future(watch()))
    while True:
        for number in range(4):
            log[1:] = log[-8:] if len(log) > 8 else log[1:]
            log.append(asyncio.ensure_future(request()))
            await asyncio.sleep(0.002)
            if number % 2:
                log[-1].cancel()
        await asyncio.sleep(PAUSE)


async def impatient(scene):
    """The child of wait_for() is cancelled with all who wait for what it would do."""
    while True:
        feature = Feature()
        users = [asyncio.ensure_future(feature.use(scene)) for _ in range(3)]
        try:
            await asyncio.wait_for(feature.warm_up(), 0.05)
        except asyncio.TimeoutError:
            pass
        for user in users:
            user.cancel()
        await asyncio.wait(users)
        scene.step()


async def idle_readers(scene):
    """Workers at a queue whose feed was cancelled on purpose: they idle, nobody waits for them."""

    async def read(queue):
        while True:
            await queue.get()
            scene.step()

    async def feed(queue):
        while True:
            await queue.put(1)
            await asyncio.sleep(0.01)

    queue = asyncio.Queue()
    scene.kept += [asyncio.ensure_future(read(queue)) for _ in range(3)]
    task = asyncio.ensure_future(feed(queue))
    await asyncio.sleep(0.05)
    task.cancel()
    scene.kept.append(task)


WAYS = (
    by_timer,
    by_thread,
    by_thread_timer,
    by_signal,
    by_signal_of_loop,
    by_executor,
    by_server,
    by_protocol,
    supervise,
)


async def one(scene, way):
    feature = Feature()
    users = [asyncio.ensure_future(feature.use(scene)) for _ in range(3)]
    await feature.cancel()
    await way(scene, feature, asyncio.get_running_loop())
    del feature
    await asyncio.gather(*users)


async def main(scene):
    scene.kept = []
    functions = [lambda way=way: one(scene, way) for way in WAYS]
    functions += [lambda: shrunk_pool(scene), lambda: gone_clients(scene)]
    functions += [lambda: impatient(scene), lambda: idle_readers(scene)]
    await load.together(scene, functions)


load.run(__file__, main)
