"""Every way to wait that this Python has, in one process: more than fifty tasks, three loops."""
import asyncio
import asyncio.futures
import asyncio.tasks
import concurrent.futures
import contextlib
import os
import socket
import sys
import threading
import time
import types
from asyncio.staggered import staggered_race

import report

NEW = sys.version_info
# Of those tasks that take some steps to get where they wait.
arrived = []
kept = []


async def rest():
    await asyncio.sleep(3600)


def start(coroutine, name):
    kept.append(asyncio.create_task(coroutine, name=name))
    return kept[-1]


def resting(name):
    return start(rest(), name)


def future():
    return asyncio.get_running_loop().create_future()


# Tasks and futures.


class Subclass(asyncio.Future):
    pass


async def awaits(awaitable):
    await awaitable


async def awaits_subclass():
    await Subclass()


async def gathers():
    await asyncio.gather(rest(), asyncio.gather(rest(), future()), return_exceptions=True)


async def waits(when, timeout=None):
    tasks = [resting("waited-%s-%d" % (when, number)) for number in range(2)]
    await asyncio.wait(tasks, return_when=when, timeout=timeout)


async def waits_for_coroutine():
    await asyncio.wait_for(rest(), 3600)


async def waits_for_task():
    await asyncio.wait_for(resting("waited-for"), None)


async def waits_for_wait_for():
    await asyncio.wait_for(asyncio.wait_for(resting("waited-for-twice"), 3600), 3600)


async def shields():
    await asyncio.shield(resting("shielded"))


async def waits_for_shield():
    await asyncio.wait_for(asyncio.shield(resting("shielded-too")), 3600)


async def completes():
    for next_done in asyncio.as_completed([resting("completed-1"), resting("completed-2")]):
        await next_done


async def completes_in_time():
    for next_done in asyncio.as_completed([resting("completed-3")], timeout=3600):
        await next_done


async def completes_async():
    async for task in asyncio.as_completed([resting("completed-4")]):
        await task


async def races():
    runners = [runner for _ in range(2)]
    await staggered_race(runners, delay=0.01)


async def runner():
    arrived.append("runner")
    await asyncio.sleep(3600)


async def awaits_other(tasks, name):
    await asyncio.sleep(0)
    await tasks[name]


async def cleans_up():
    try:
        await rest()
    finally:
        arrived.append("cleans-up")
        await rest()


class Task(asyncio.Task):
    pass


# Blocks with `async with`.


async def in_timeout():
    async with asyncio.timeout(3600):
        await resting("timed")


async def in_timeout_at():
    async with asyncio.timeout_at(asyncio.get_running_loop().time() + 3600):
        await rest()


async def in_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(rest(), name="in-group-child")
        await rest()


async def leaves_groups():
    async with asyncio.TaskGroup() as outer:
        outer.create_task(rest(), name="outer-child")
        async with asyncio.TaskGroup() as inner:
            inner.create_task(rest(), name="inner-child")


@contextlib.asynccontextmanager
async def slow(enters):
    if enters:
        await rest()
    yield
    await rest()


async def in_context(enters):
    async with slow(enters):
        pass


# Locks and queues.


async def locks(lock):
    async with lock:
        await rest()


async def waits_for_event():
    await asyncio.Event().wait()


async def waits_for_condition(predicate):
    condition = asyncio.Condition()
    async with condition:
        await (condition.wait_for(predicate) if predicate else condition.wait())


async def acquires(semaphore):
    await semaphore.acquire()
    await semaphore.acquire()


async def waits_at_barrier():
    await asyncio.Barrier(2).wait()


async def gets(queue):
    await queue.get()


async def puts():
    queue = asyncio.Queue(maxsize=1)
    await queue.put(1)
    await queue.put(2)


async def joins():
    queue = asyncio.Queue()
    await queue.put(1)
    await queue.join()


# Generators and other awaitables.


async def values():
    yield 1
    await rest()
    yield 2


async def catches():
    try:
        yield 1
    except ValueError:
        await rest()


async def closes():
    try:
        yield 1
    finally:
        await rest()


async def iterates():
    async for _ in values():
        pass


async def comprehends():
    return [value async for value in values()]


async def sends():
    generator = values()
    await generator.asend(None)
    await generator.asend("sent")


async def throws():
    generator = catches()
    await generator.asend(None)
    await generator.athrow(ValueError())


async def closes_generator():
    generator = closes()
    await generator.asend(None)
    await generator.aclose()


async def next_or_default():
    generator = values()
    await anext(generator)
    await anext(generator, "default")


class ByGenerator:
    def __await__(self):
        yield from rest().__await__()


class ByWrapper:
    def __await__(self):
        return rest().__await__()


@types.coroutine
def old_style():
    yield from rest()


@types.coroutine
def yields(awaited):
    awaited._asyncio_future_blocking = True
    yield awaited


async def awaits_made(make):
    await make()


# Threads and processes.


async def in_executor():
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600)


async def to_thread():
    await asyncio.to_thread(time.sleep, 3600)


async def wraps():
    await asyncio.wrap_future(concurrent.futures.Future())


def plain_thread(loop):
    """A thread without a loop, blocked until a task of the loop is done."""
    asyncio.run_coroutine_threadsafe(from_thread(), loop).result()


async def from_thread():
    arrived.append("from-thread")
    await rest()


async def communicates():
    process = await asyncio.create_subprocess_exec("sleep", "3600", stdout=-1)
    arrived.append("communicates")
    await process.communicate()


async def waits_for_process():
    process = await asyncio.create_subprocess_exec("sleep", "3600")
    arrived.append("waits-for-process")
    await process.wait()


# Streams and sockets.


async def connection():
    """(reader, writer) of one end; nobody reads or writes at the other."""
    ours, theirs = socket.socketpair()
    kept.append(theirs)
    return await asyncio.open_connection(sock=ours)


async def reads(method, *arguments):
    kept.append(await connection())
    arrived.append(method)
    await getattr(kept[-1][0], method)(*arguments)


async def drains():
    _, writer = await connection()
    writer.write(bytes(1 << 20))
    arrived.append("drains")
    await writer.drain()


async def closes_writer():
    _, writer = await connection()
    writer.write(bytes(1 << 20))
    writer.close()
    arrived.append("closes-writer")
    await writer.wait_closed()


async def serve_one(reader, writer):
    arrived.append("serves")
    await reader.readline()


async def serves():
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    kept.append(await asyncio.open_connection(*server.sockets[0].getsockname()))
    async with server:
        await server.serve_forever()


async def receives():
    ours, theirs = socket.socketpair()
    kept.extend((ours, theirs))
    ours.setblocking(False)
    await asyncio.get_running_loop().sock_recv(ours, 1)


async def accepts():
    server = socket.create_server(("127.0.0.1", 0))
    kept.append(server)
    server.setblocking(False)
    await asyncio.get_running_loop().sock_accept(server)


async def reads_pipe():
    source, sink = os.pipe()
    kept.append(sink)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, open(source, "rb"))
    arrived.append("reads-pipe")
    await reader.read()


# A loop that is busy, one that idles. Default names would depend on who comes first.


def blocks():
    arrived.append("blocks")
    time.sleep(3600)


async def blocked():
    asyncio.current_task().set_name("blocked")
    event = asyncio.Event()
    start(awaits(event.wait()), "woken")
    cancelled = resting("cancelled")
    await asyncio.sleep(0)
    event.set()
    cancelled.cancel()
    resting("never-started")
    await blocks_in_coroutine()


async def blocks_in_coroutine():
    blocks()


async def idles(main_loop):
    asyncio.current_task().set_name("idles")
    arrived.append("idles")
    elsewhere = asyncio.run_coroutine_threadsafe(from_thread(), main_loop)
    await asyncio.gather(resting("idles-1"), resting("idles-2"), asyncio.wrap_future(elsewhere))


def run_with_runner(coroutine):
    with asyncio.Runner() as runner:
        runner.run(coroutine)


CONSTRUCTS = {
    "awaits-future": lambda: awaits(future()),
    "awaits-subclass": awaits_subclass,
    "awaits-task": lambda: awaits(resting("awaited")),
    "gathers": gathers,
    "waits-all": lambda: waits(asyncio.ALL_COMPLETED),
    "waits-first": lambda: waits(asyncio.FIRST_COMPLETED, 3600),
    "waits-exception": lambda: waits(asyncio.FIRST_EXCEPTION),
    "waits-for-coroutine": waits_for_coroutine,
    "waits-for-task": waits_for_task,
    "waits-for-wait-for": waits_for_wait_for,
    "shields": shields,
    "waits-for-shield": waits_for_shield,
    "completes": completes,
    "completes-in-time": completes_in_time,
    "races": races,
    "enters": lambda: in_context(True),
    "leaves": lambda: in_context(False),
    "event": waits_for_event,
    "condition": lambda: waits_for_condition(None),
    "condition-for": lambda: waits_for_condition(lambda: False),
    "semaphore": lambda: acquires(asyncio.Semaphore(1)),
    "bounded-semaphore": lambda: acquires(asyncio.BoundedSemaphore(1)),
    "gets": lambda: gets(asyncio.Queue()),
    "gets-smallest": lambda: gets(asyncio.PriorityQueue()),
    "gets-last": lambda: gets(asyncio.LifoQueue()),
    "puts": puts,
    "joins": joins,
    "iterates": iterates,
    "comprehends": comprehends,
    "sends": sends,
    "throws": throws,
    "closes-generator": closes_generator,
    "by-generator": lambda: awaits_made(ByGenerator),
    "by-wrapper": lambda: awaits_made(ByWrapper),
    "old-style": lambda: awaits_made(old_style),
    "yields": lambda: awaits(yields(future())),
    "in-executor": in_executor,
    "wraps": wraps,
    "communicates": communicates,
    "waits-for-process": waits_for_process,
    "reads": lambda: reads("read", 1),
    "reads-line": lambda: reads("readline"),
    "reads-exactly": lambda: reads("readexactly", 10),
    "reads-until": lambda: reads("readuntil", b"end"),
    "drains": drains,
    "closes-writer": closes_writer,
    "serves": serves,
    "receives": receives,
    "accepts": accepts,
    "reads-pipe": reads_pipe,
}
if NEW >= (3, 9):
    CONSTRUCTS["to-thread"] = to_thread
if NEW >= (3, 10):
    CONSTRUCTS["next-or-default"] = next_or_default
if NEW >= (3, 11):
    CONSTRUCTS["in-timeout"] = in_timeout
    CONSTRUCTS["in-timeout-at"] = in_timeout_at
    CONSTRUCTS["in-group"] = in_group
    CONSTRUCTS["leaves-groups"] = leaves_groups
    CONSTRUCTS["barrier"] = waits_at_barrier
if NEW >= (3, 13):
    CONSTRUCTS["completes-async"] = completes_async

# How many say that they have arrived; two of them twice.
ARRIVING = 17


def start_special():
    """Tasks that are not simply started. Returns those that asyncio does not list itself."""
    loop = asyncio.get_running_loop()
    lock = asyncio.Lock()
    for number in range(3):
        start(locks(lock), "locks-%d" % number)
    cycle = {}
    cycle["a"] = start(awaits_other(cycle, "b"), "a")
    cycle["b"] = start(awaits_other(cycle, "a"), "b")
    popular = resting("popular")
    for number in range(3):
        start(awaits(popular), "awaits-popular-%d" % number)
    kept.append(Task(awaits(resting("in-subclass")), loop=loop, name="subclass"))
    if NEW >= (3, 12):
        kept.append(asyncio.eager_task_factory(loop, rest(), name="eager"))
    if NEW >= (3, 14):
        kept.append(asyncio.create_task(rest(), name="eager-start", eager_start=True))
    python_task = asyncio.tasks._PyTask
    inner = python_task(rest(), loop=loop, name="python-inner")
    return [inner, python_task(awaits(inner), loop=loop, name="python")]


async def main():
    for name, construct in CONSTRUCTS.items():
        start(construct(), name)
    also = start_special()
    cleaning = start(cleans_up(), "cleans-up")
    loop = asyncio.get_running_loop()
    run = run_with_runner if NEW >= (3, 11) else asyncio.run
    for function, argument in ((plain_thread, loop), (asyncio.run, blocked()), (run, idles(loop))):
        threading.Thread(target=function, args=(argument,), daemon=True).start()
    await asyncio.sleep(0.01)
    cleaning.cancel()
    while len(arrived) < ARRIVING:
        await asyncio.sleep(0.01)
    report.ready(also=also)
    await asyncio.sleep(3600)


asyncio.run(main())
