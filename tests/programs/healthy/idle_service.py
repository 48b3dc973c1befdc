"""A service that nobody asks for anything: consumers, subscribers, pools, clients and groups wait."""

import asyncio
import collections
import contextlib
import socket
import weakref

import load


class Rpc:
    """A client of a connection that is alive, with a future for each question."""

    def __init__(self, sock):
        self.sock = sock
        self.pending = {}
        self.number = 0

    async def read(self):
        reader, self.writer = await asyncio.open_connection(sock=self.sock)
        while True:
            line = await reader.readline()
            self.pending.pop(int(line)).set_result(line)

    async def ask(self):
        self.number += 1
        future = self.pending[self.number] = asyncio.get_running_loop().create_future()
        return await future


class Protocol(asyncio.Protocol):
    """The same by callbacks: no task reads."""

    def __init__(self):
        self.pending = collections.OrderedDict()

    def data_received(self, data):
        self.pending.popitem()[1].set_result(data)

    async def ask(self):
        future = self.pending[len(self.pending)] = asyncio.get_running_loop().create_future()
        return await future


class Hub:
    def __init__(self):
        self.subscribers = set()

    def publish(self, message):
        for queue in self.subscribers:
            queue.put_nowait(message)

    async def subscribe(self):
        queue = asyncio.Queue()
        self.subscribers.add(queue)
        try:
            while True:
                await queue.get()
        finally:
            self.subscribers.discard(queue)


class Jobs:
    """A queue of its own, by a condition."""

    def __init__(self):
        self.condition = asyncio.Condition()
        self.items = []

    async def take(self):
        async with self.condition:
            while not self.items:
                await self.condition.wait()
            return self.items.pop()

    async def take_by_predicate(self):
        async with self.condition:
            await self.condition.wait_for(lambda: self.items)
            return self.items.pop()

    async def put(self, item):
        async with self.condition:
            self.items.append(item)
            self.condition.notify()


class Pool:
    def __init__(self, size):
        self.free = asyncio.LifoQueue()
        for number in range(size):
            self.free.put_nowait(number)

    @contextlib.asynccontextmanager
    async def acquire(self):
        one = await self.free.get()
        try:
            yield one
        finally:
            self.free.put_nowait(one)


class Listener(asyncio.Protocol):
    def __init__(self, hub, jobs, stop):
        self.hub, self.jobs, self.stop = hub, jobs, stop

    def data_received(self, data):
        self.hub.publish(data)
        asyncio.ensure_future(self.jobs.put(data))
        self.stop.set()


async def stop_at(stop):
    await stop.wait()


async def no_timeout(queue):
    if hasattr(asyncio, "timeout"):
        async with asyncio.timeout(None):
            await queue.get()
    await asyncio.wait_for(queue.get(), None)


async def group(stop):
    if not hasattr(asyncio, "TaskGroup"):
        return await asyncio.gather(stop_at(stop))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stop_at(stop))


async def use(pool, stop):
    async with pool.acquire():
        await stop.wait()


async def shielded(stop):
    await asyncio.shield(stop.wait())


async def first(stop, queue):
    await asyncio.wait([asyncio.ensure_future(stop.wait()), asyncio.ensure_future(queue.get())],
                       return_when=asyncio.FIRST_COMPLETED)


async def completed(stop, queue):
    for one in asyncio.as_completed([stop.wait(), queue.get()]):
        await one


async def websocket(sock):
    reader, writer = await asyncio.open_connection(sock=sock)
    while True:
        await reader.readexactly(2)


async def serve_for_ever():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        await asyncio.get_running_loop().create_future()


async def main(scene):
    kept, functions = [], []
    hub, jobs, stop, queue = Hub(), Jobs(), asyncio.Event(), asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in range(4):
        ours, theirs = socket.socketpair()
        rpc = Rpc(ours)
        functions += [rpc.read] + [rpc.ask] * 3
        kept.append(theirs)
        ours, theirs = socket.socketpair()
        protocol = (await loop.create_connection(Protocol, sock=ours))[1]
        functions += [protocol.ask] * 3
        kept.append(theirs)
        ours, theirs = socket.socketpair()
        functions.append(lambda ours=ours: websocket(ours))
        kept.append(theirs)
        functions += [hub.subscribe, jobs.take, jobs.take_by_predicate]
    del rpc, protocol
    ours, theirs = socket.socketpair()
    await loop.create_connection(lambda: Listener(hub, jobs, stop), sock=ours)
    kept.append(theirs)
    pool = Pool(2)
    # Nobody waits for one: whoever has it for long would be called to account.
    functions += [lambda: use(pool, stop)] * 2
    functions += [lambda: stop_at(stop), lambda: no_timeout(queue), lambda: group(stop)]
    functions += [lambda: shielded(stop), lambda: first(stop, queue), lambda: completed(stop, queue)]
    functions += [serve_for_ever] * 3
    scene.step(), scene.step(), scene.step()
    scene.kept = kept
    tasks = [asyncio.ensure_future(function()) for function in functions]
    del hub, jobs, queue, ours, theirs, pool, functions, kept
    await asyncio.gather(*tasks)


load.run(__file__, main)
