"""The rest of a service: healthy tasks of every kind, as many as are asked for.

All of it moves, but for what is idle in every service: workers at an empty queue, connections
that nobody writes to, timers of an hour. A quiet load has only the latter.
"""

import asyncio
import concurrent.futures
import functools
import random
import socket
import sys
import time


# --- Functions between a task and what it does ----------------------------------------------------


async def dispatch(function, *arguments):
    return await function(*arguments)


async def authorize(function, *arguments):
    try:
        return await function(*arguments)
    except PermissionError:
        return None


async def measure(function, *arguments):
    started = time.monotonic()
    try:
        return await function(*arguments)
    finally:
        time.monotonic() - started


async def retry(function, *arguments):
    for _ in range(3):
        try:
            return await function(*arguments)
        except ConnectionError:
            continue


class Router:
    def __init__(self, path):
        self.path = path
        self.limit = asyncio.Semaphore(1000)

    async def route(self, function, *arguments):
        async with self.limit:
            return await function(*arguments)

    async def __call__(self, function, *arguments):
        handler = functools.partial(function, *arguments)
        return await handler()


class Session:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None


async def with_session(function, *arguments):
    async with Session():
        return await function(*arguments)


def layers(draw):
    router = Router("/" + draw.choice(("orders", "stock", "reports")))
    known = (dispatch, authorize, measure, retry, with_session, router.route, router)
    return [draw.choice(known) for _ in range(draw.randint(0, 12))]


async def deep(draw, function, *arguments):
    """Call an asynchronous function through up to a dozen others."""
    for layer in layers(draw):
        function = functools.partial(layer, function)
    return await function(*arguments)


def called(function, *arguments):
    return function(*arguments)


def checked(function, *arguments):
    try:
        return function(*arguments)
    except PermissionError:
        return None


def logged(function, *arguments):
    result = function(*arguments)
    return result


def deep_call(draw, function, *arguments):
    """Call a plain function through up to a dozen others."""
    for _ in range(draw.randint(0, 12)):
        function = functools.partial(draw.choice((called, checked, logged)), function)
    return function(*arguments)


# --- The load -------------------------------------------------------------------------------------


class Load:
    """The tasks of a service, by kinds that each start a few tasks."""

    def __init__(self, draw, quiet):
        self.draw = draw
        self.quiet = quiet
        self.tasks = set()
        self.open = []
        self.pools = 0
        self._count = 0

    def keep(self, coroutine, name):
        task = asyncio.create_task(coroutine)
        task.set_name(name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def add(self, role, function, *arguments):
        self._count += 1
        # One that its own random numbers drive, so that runs are alike.
        own = random.Random(self.draw.random())
        coroutine = deep(own, function, own, *arguments)
        return self.keep(coroutine, "%s-%d" % (role, self._count))

    async def end(self, but=()):
        """Cancel them until they end: wait_for() up to 3.11 may lose a cancellation."""
        while self.tasks.difference(but):
            left = self.tasks.difference(but)
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=0.2)

    async def start(self, count):
        kinds = list(IDLE if self.quiet else IDLE + BUSY)
        self.draw.shuffle(kinds)
        while len(self.tasks) < count:
            for kind in kinds:
                await kind(self)
                if len(self.tasks) >= count:
                    break


def soon(draw, most=1.0):
    return asyncio.sleep(draw.uniform(most / 10, most))


# Idle in every service.


async def sleep_long(draw):
    while True:
        await asyncio.sleep(draw.uniform(1000, 5000))


async def start_timers(load):
    for _ in range(load.draw.randint(1, 6)):
        load.add("timer", sleep_long)


async def read_lines(_draw, reader):
    while await reader.readline():
        pass


async def start_connections(load):
    for _ in range(load.draw.randint(1, 8)):
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        load.open += (theirs, writer)
        load.add("conn", read_lines, reader)


async def answer(load, reader, writer):
    load.open.append(writer)
    await read_lines(None, reader)
    writer.close()


async def serve(_draw, server):
    async with server:
        await server.serve_forever()


async def start_server(load):
    server = await asyncio.start_server(functools.partial(answer, load), "127.0.0.1", 0)
    load.add("server", serve, server)
    address = server.sockets[0].getsockname()
    for _ in range(load.draw.randint(1, 3)):
        reader, writer = await asyncio.open_connection(*address[:2])
        load.open.append(writer)
        load.add("client", read_lines, reader)


async def produce_rarely(draw, queue):
    while True:
        await asyncio.sleep(draw.uniform(1000, 2000))
        await queue.put(draw.random())


async def consume(draw, queue):
    while True:
        await queue.get()
        await asyncio.sleep(draw.uniform(0.001, 0.01))
        queue.task_done()


async def start_idle_workers(load):
    queue = asyncio.Queue()
    load.add("feed", produce_rarely, queue)
    for _ in range(load.draw.randint(1, 8)):
        load.add("worker", consume, queue)


async def wait_for_event(_draw, event):
    while True:
        await event.wait()
        event.clear()


async def set_rarely(draw, event):
    while True:
        await asyncio.sleep(draw.uniform(1000, 2000))
        event.set()


async def start_reloader(load):
    event = asyncio.Event()
    load.add("reload", wait_for_event, event)
    load.add("watch", set_rarely, event)


# What moves.


class Table:
    """Something that a lock protects."""

    def __init__(self):
        self.lock = asyncio.Lock()
        self.rows = 0

    async def update(self, draw):
        async with self.lock:
            await asyncio.sleep(draw.uniform(0.001, 0.01))
            self.rows += 1

    async def update_often(self, draw):
        while True:
            await self.update(draw)
            await soon(draw)


async def start_tables(load):
    table = Table()
    for _ in range(load.draw.randint(2, 6)):
        load.add("update", table.update_often)


async def produce(draw, queue):
    while True:
        await queue.put(draw.random())
        await soon(draw, 0.4)


async def start_workers(load):
    queue = asyncio.Queue(load.draw.choice((0, 0, 10)))
    load.add("producer", produce, queue)
    for _ in range(load.draw.randint(2, 5)):
        load.add("worker", consume, queue)


async def take_turns(draw, semaphore):
    while True:
        async with semaphore:
            await asyncio.sleep(draw.uniform(0.001, 0.02))
        await soon(draw)


async def start_limited(load):
    semaphore = asyncio.BoundedSemaphore(load.draw.randint(2, 4))
    for _ in range(load.draw.randint(3, 6)):
        load.add("limited", take_turns, semaphore)


async def notify(draw, condition):
    while True:
        await soon(draw)
        async with condition:
            condition.notify_all()


async def be_notified(_draw, condition):
    async with condition:
        while True:
            await condition.wait()


async def start_condition(load):
    condition = asyncio.Condition()
    load.add("notify", notify, condition)
    for _ in range(load.draw.randint(1, 4)):
        load.add("listen", be_notified, condition)


async def gather_parts(draw):
    while True:
        await asyncio.gather(*[soon(draw, 0.5) for _ in range(draw.randint(2, 4))])


async def start_gatherers(load):
    for _ in range(load.draw.randint(1, 2)):
        load.add("collect", gather_parts)


async def group_parts(draw):
    while True:
        async with asyncio.TaskGroup() as group:
            for _ in range(draw.randint(2, 4)):
                group.create_task(soon(draw, 0.5))


async def start_groups(load):
    if sys.version_info >= (3, 11):
        load.add("group", group_parts)


async def with_deadline(draw):
    while True:
        try:
            await asyncio.wait_for(soon(draw, 0.8), draw.uniform(0.3, 0.6))
        except asyncio.TimeoutError:
            pass


async def start_deadlines(load):
    for _ in range(load.draw.randint(1, 3)):
        load.add("deadline", with_deadline)


async def run_jobs(draw, pool):
    loop = asyncio.get_running_loop()
    while True:
        await loop.run_in_executor(pool, time.sleep, draw.uniform(0.001, 0.02))
        await soon(draw)


async def start_pool(load):
    if load.pools == 2:
        return
    load.pools += 1
    pool = concurrent.futures.ThreadPoolExecutor(load.draw.randint(1, 3), "render")
    load.open.append(pool)
    for _ in range(load.draw.randint(1, 4)):
        load.add("render", run_jobs, pool)


async def count_up(draw):
    while True:
        await soon(draw, 0.3)
        yield draw.random()


async def follow(draw):
    async for _ in count_up(draw):
        pass


async def start_followers(load):
    load.add("follow", follow)


async def talk(draw, ours, theirs):
    loop = asyncio.get_running_loop()
    while True:
        await loop.sock_sendall(ours, b"ping\n")
        await loop.sock_recv(theirs, 100)
        await soon(draw)


async def start_talkers(load):
    pair = socket.socketpair()
    for one in pair:
        one.setblocking(False)
    load.add("talk", talk, *pair)


async def start_short(draw, load):
    """New tasks that end soon, as requests do."""
    while True:
        load.add("hit", soon)
        await soon(draw)


async def start_requests(load):
    load.add("accept", start_short, load)


async def start_callbacks(load):
    loop = asyncio.get_running_loop()
    period = load.draw.uniform(0.2, 0.6)

    def tick():
        loop.call_later(period, tick)

    tick()


IDLE = (start_timers, start_connections, start_server, start_idle_workers, start_reloader)
BUSY = (
    start_tables,
    start_workers,
    start_limited,
    start_condition,
    start_gatherers,
    start_groups,
    start_deadlines,
    start_pool,
    start_followers,
    start_talkers,
    start_requests,
    start_callbacks,
)
