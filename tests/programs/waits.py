"""Tasks and threads that wait for whatever asyncio and threading offer, and what is true of that.

waits_no_accelerator.py runs the same without the C module _asyncio.
"""
import asyncio
import concurrent.futures
import functools
import socket
import sys
import threading
import types

import report
import truth
from truth import holder, keep, of_current_task, task, thread

LONG = 3600
HAS_GROUPS = sys.version_info >= (3, 11)
WAIT_FOR_HAS_TASK = sys.version_info < (3, 12)


async def rest(seconds=LONG):
    await asyncio.sleep(seconds)


async def awaits(awaitable):
    return await awaitable


# --- Timers --------------------------------------------------------------------------------------


def timers():
    """The object is asyncio's TimerHandle, or the future that it completes."""
    for number, seconds in enumerate((600, 1800.5, 86400 * 3)):
        task("timer-%d" % number, rest(seconds), "timer", handle_of, due=in_seconds(seconds))
    task("timer-layers", layers(5, rest(700)), "timer", handle_of, due=in_seconds(700))


def in_seconds(seconds):
    return asyncio.get_running_loop().time() + seconds


def handle_of(sleeping):
    future = sleeping._fut_waiter
    scheduled = sleeping.get_loop()._scheduled
    return [next(h for h in scheduled if h._args and h._args[0] is future), future]


# --- Locks, semaphores, conditions, events, barriers ---------------------------------------------


async def hold(primitive):
    async with primitive:
        await rest()


async def acquire(primitive):
    await primitive.acquire()


class Ledger(asyncio.Lock):
    """A subclass with another name."""


class Gate(asyncio.Event):
    """The same for an event."""


class Stock:
    """An object without a dict, that takes its lock in a method."""

    __slots__ = ("name", "lock")

    def __init__(self):
        self.name = "stock"
        self.lock = asyncio.Lock()

    async def take(self):
        async with self.lock:
            await rest()


def queue_of(name, kind, object, holders, coroutines):
    """Tasks that wait for one object, in this order."""
    for place, coroutine in enumerate(coroutines, 1):
        facts = {"waiters": len(coroutines)}
        if kind != "queue-join":
            facts["place"] = place
        task("%s-%d" % (name, place), coroutine, kind, object, holders, **facts)


def locks():
    for name, lock in (("lock", asyncio.Lock()), ("ledger", Ledger())):
        held = holds(name, hold(lock))
        ways = [hold(lock), acquire(lock), layers(4, hold(lock)), Awaitable(hold(lock)).run()]
        # A class of the user's own may mean something else by its methods.
        sure = "exact" if type(lock) is asyncio.Lock else "either"
        queue_of(name, "lock", lock, [holder(held, sure)], ways)
    stock = keep(Stock())
    held = holds("slots", stock.take())
    queue_of("slots", "lock", stock.lock, [holder(held)], [stock.take(), traced(stock.take)()])
    plain_acquire()


def holds(name, coroutine):
    return task(name + "-holder", coroutine, "timer", handle_of)


def plain_acquire():
    """Its holder can only be guessed."""
    lock = asyncio.Lock()

    async def takes():
        await lock.acquire()
        try:
            await rest()
        finally:
            lock.release()

    held = holds("acquired", takes())
    queue_of("acquired", "lock", lock, [holder(held, "candidate")], [hold(lock)])


def semaphores():
    semaphore = asyncio.Semaphore(2)
    held = [holds("semaphore-%d" % number, hold(semaphore)) for number in range(2)]
    ways = [hold(semaphore), acquire(semaphore), hold(semaphore)]
    queue_of("semaphore", "semaphore", semaphore, [holder(one) for one in held], ways)
    bounded = asyncio.BoundedSemaphore(1)
    held = holds("bounded", hold(bounded))
    queue_of("bounded", "semaphore", bounded, [holder(held)], [acquire(bounded)])
    nobody = asyncio.Semaphore(0)
    queue_of("semaphore-0", "semaphore", keep(nobody), [], [acquire(nobody)])


def conditions():
    condition = keep(asyncio.Condition())

    async def waits():
        async with condition:
            await condition.wait()

    async def waits_for():
        async with condition:
            await condition.wait_for(lambda: False)

    queue_of("condition", "condition", condition, None, [waits(), waits_for(), waits()])


async def notified_condition():
    """One was notified, and queues to get the lock back; before it stands one that never got in."""
    condition = keep(asyncio.Condition())

    async def waits():
        async with condition:
            await condition.wait()

    async def notifies():
        async with condition:
            entering = task("entering", hold(condition), *facts, place=1, waiters=2)
            await until_waiting(entering)
            condition.notify()
            await rest()

    facts = ("lock", condition._lock, lambda _: [holder(held)])
    taking_back = task("taking-back", waits(), *facts, place=2, waiters=2)
    await until_waiting(taking_back)
    held = holds("notifier", notifies())


async def until_waiting(one):
    while one._fut_waiter is None:
        await asyncio.sleep(0)


def events():
    event = keep(asyncio.Event())
    queue_of("event", "event", event, None, [event.wait(), awaits(event.wait()), event.wait()])
    gate = keep(Gate())
    queue_of("gate", "event", gate, None, [gate.wait()])
    task("event-alone", waits_alone(), "event")


async def waits_alone():
    """Nothing else refers to the event."""
    await asyncio.Event().wait()


def barriers():
    if HAS_GROUPS:
        barrier = keep(asyncio.Barrier(4))
        for number in range(3):
            task("barrier-%d" % number, barrier.wait(), "barrier", barrier, waiters=3)


# --- Queues --------------------------------------------------------------------------------------


class Mailbox(asyncio.Queue):
    """A subclass with another name."""


def queues():
    for name, kind in (
        ("queue", asyncio.Queue),
        ("mailbox", Mailbox),
        ("priority", asyncio.PriorityQueue),
        ("lifo", asyncio.LifoQueue),
    ):
        empty = keep(kind())
        queue_of(name + "-get", "queue-get", empty, None, [empty.get() for _ in range(3)])
        full = keep(kind(maxsize=1))
        full.put_nowait(0)
        queue_of(name + "-put", "queue-put", full, None, [full.put(1), layers(2, full.put(2))])
        unfinished = keep(kind())
        unfinished.put_nowait(0)
        queue_of(name + "-join", "queue-join", unfinished, None, [unfinished.join()])


# --- Futures and tasks ---------------------------------------------------------------------------


def futures():
    loop = asyncio.get_running_loop()
    future = keep(loop.create_future())
    task("future", awaits(future), "future", future)
    task("future-layers", layers(6, awaits(future)), "future", future)
    task("future-wrapper", Awaitable(future).run(), "future", future)
    task("future-generator", awaits(from_generator(future)), "future", future)
    task("future-lost", awaits_lost(), "future", lambda one: one._fut_waiter)

    inner = task("inner", rest(), "timer", handle_of)
    task("task", awaits(inner), "task", inner)
    task("task-traced", traced(awaits)(inner), "task", inner)
    gathering = keep(asyncio.gather(rest(), rest(), future))
    task("gather", awaits(gathering), "gather", gathering)
    outer = keep(asyncio.shield(inner))
    task("shield", awaits(outer), "shield", [inner, outer])


async def awaits_lost():
    """Nothing else refers to the future."""
    await asyncio.get_running_loop().create_future()


class Awaitable:
    """Awaits what it wraps, in __await__."""

    def __init__(self, inner):
        self.inner = inner

    def __await__(self):
        return (yield from self.inner.__await__())

    async def run(self):
        return await self


@types.coroutine
def from_generator(future):
    return (yield from future)


def traced(function):
    """A decorator as many programs have one."""

    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        try:
            return await function(*args, **kwargs)
        finally:
            keep(None)

    return wrapper


async def layers(count, coroutine):
    """What waits is several own functions further in."""
    if count:
        return await layers(count - 1, coroutine)
    return await coroutine


# --- Groups, timeouts ----------------------------------------------------------------------------


def groups():
    if HAS_GROUPS:
        found = []
        task("group", waits_for_group(found), "group", lambda _: found[0])


async def waits_for_group(found):
    async with asyncio.TaskGroup() as group:
        found.append(group)
        group.create_task(rest()).set_name("group-child")


def wait_fors():
    """wait_for() had a task of its own before 3.12, and has a Timeout since."""
    event, future = keep(asyncio.Event()), keep(asyncio.get_running_loop().create_future())
    inner = task("wait-for-inner", rest(), "timer", handle_of)
    due = in_seconds(500)
    coroutine = event.wait()
    if WAIT_FOR_HAS_TASK:
        kind, object = "task", lambda _: task_of(coroutine)
    else:
        kind, object = "event", event
    task("wait-for-event", asyncio.wait_for(coroutine, 500), kind, object, due=due)
    task("wait-for-future", asyncio.wait_for(future, 500), "future", future, due=due)
    task("wait-for-task", asyncio.wait_for(inner, 500), "task", inner, due=due)
    task("wait-for-ever", asyncio.wait_for(future, None), "future", future, due=None)
    layered = layers(3, asyncio.wait_for(future, 500))
    task("wait-for-layers", layered, "future", future, due=due)


def task_of(coroutine):
    return next(one for one in asyncio.all_tasks(main_loop) if one.get_coro() is coroutine)


def timeouts():
    if not HAS_GROUPS:
        return
    event, now = keep(asyncio.Event()), in_seconds(0)

    async def within(*scopes):
        if not scopes:
            return await event.wait()
        async with scopes[0]:
            await within(*scopes[1:])

    at, after = asyncio.timeout_at, asyncio.timeout
    for name, due, scopes in (
        ("timeout", now + 400, [after(400)]),
        ("timeout-at", now + 450, [at(now + 450)]),
        ("timeout-outer", now + 300, [after(300), after(400)]),
        ("timeout-inner", now + 300, [after(400), after(300)]),
        ("timeout-none", None, [after(None)]),
        ("timeout-one", now + 350, [after(350), at(None)]),
    ):
        task(name, within(*scopes), "event", event, due=due)


def several():
    """What is in wait() and as_completed() may be seen in more than one way."""
    inner = [asyncio.ensure_future(rest()) for _ in range(2)]
    many = ["gather", "task", "future", "wait"]
    task("wait", asyncio.wait(inner), many, due=None)
    first = asyncio.wait(inner, return_when=asyncio.FIRST_COMPLETED, timeout=800)
    task("wait-first", first, many, due=in_seconds(800))
    completed = ["queue-get", "gather", "task", "future", "wait"]
    task("as-completed", takes_completed(inner), completed)
    task("gather-children", gathers(inner), "gather", lambda one: one._fut_waiter)


async def takes_completed(inner):
    for one in asyncio.as_completed(inner):
        await one


async def gathers(inner):
    await asyncio.gather(*inner, return_exceptions=True)


# --- Executors and threads -----------------------------------------------------------------------


class Job:
    """Work that never ends, and the thread that does it."""

    tid = None

    def __call__(self, *_):
        self.tid = threading.get_native_id()
        threading.Event().wait()

    def thread_of(self, _):
        return self.tid


def executors():
    loop = asyncio.get_running_loop()
    pool = keep(concurrent.futures.ThreadPoolExecutor(2, "render"))
    run = functools.partial(loop.run_in_executor, pool)
    for number in range(2):
        job = Job()
        task("executor-%d" % number, awaits(run(job)), "executor", job_of, thread=job.thread_of)
    for place in range(1, 4):
        facts = {"thread": None, "place": place, "waiters": 3}
        task("executor-queued-%d" % place, awaits(run(Job())), "executor", job_of, **facts)
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(4))
    job = Job()
    facts = ("executor", job_of)
    task("executor-default", runs_default(job), *facts, thread=job.thread_of)
    if sys.version_info >= (3, 9):
        job = Job()
        task("to-thread", asyncio.to_thread(job), "executor", job_of, thread=job.thread_of)
    job = Job()
    wrapped = keep(asyncio.wrap_future(pool_of_one().submit(job)))
    task("wrap-future", awaits(wrapped), "executor", job_of, thread=job.thread_of)
    nobodys = keep(concurrent.futures.Future())
    wrapped = asyncio.wrap_future(nobodys)
    task("wrap-future-only", awaits(wrapped), ["executor", "future"], [nobodys, wrapped])


def job_of(waiting):
    """The executor's own future, and asyncio's for the same job."""
    future = waiting._fut_waiter
    callbacks = [pair[0] for pair in future._callbacks]
    cells = [cell for one in callbacks for cell in getattr(one, "__closure__", None) or ()]
    contents = [cell.cell_contents for cell in cells]
    return [one for one in contents if isinstance(one, concurrent.futures.Future)] + [future]


async def runs_default(job):
    await asyncio.get_running_loop().run_in_executor(None, job)


def pool_of_one():
    return keep(concurrent.futures.ThreadPoolExecutor(1, "one"))


def results():
    """Threads that wait for a task of this loop."""
    loop = asyncio.get_running_loop()

    def start(name, *timeout):
        found = []

        async def serves():
            of_current_task(name + "-task", "timer", handle_of)
            found.append(asyncio.current_task())
            await rest()

        def waits():
            future = asyncio.run_coroutine_threadsafe(serves(), loop)
            found.append(future)
            future.result(*timeout)

        thread(name, waits, ["task", "thread", "future"], lambda _: found)

    start("result")
    start("result-timeout", LONG)


def blocked_threads():
    """Threads that wait for what another one holds, or for what nobody does."""
    for name, lock in (("lock", threading.Lock()), ("rlock", threading.RLock())):
        owner = thread("owner-" + name, inside(lock), "event")
        facts = ("lock", lock, [holder(owner)])
        thread("thread-" + name, lock.acquire, *facts)
        thread("thread-%s-with" % name, inside(lock), *facts)
        thread("thread-%s-timeout" % name, functools.partial(lock.acquire, True, LONG), *facts)
    semaphore = keep(threading.Semaphore(0))
    thread("thread-semaphore", semaphore.acquire, "semaphore", semaphore)
    event = keep(threading.Event())
    thread("thread-event", event.wait, "event", event)
    thread("thread-event-timeout", functools.partial(event.wait, LONG), "event", event)
    condition = keep(threading.Condition())
    thread("thread-condition", waits_inside(condition), "condition", condition)


def inside(lock):
    """A function that takes the lock and keeps it. It has it, or waits, soon after its start."""

    def holds_lock():
        with lock:
            threading.Event().wait()

    return holds_lock


def waits_inside(condition):
    def waits():
        with condition:
            condition.wait()

    return waits


def blocked_loops():
    """Coroutines that block the thread of their loop."""
    for name, lock in (("lock", threading.Lock()), ("rlock", threading.RLock())):
        owner = thread("loop-owner-" + name, inside(lock), "event")
        blocks("loop-" + name, inside(lock), "lock", lock, [holder(owner)])
    condition = keep(threading.Condition())
    blocks("loop-condition", waits_inside(condition), "condition", condition)
    semaphore = keep(threading.Semaphore(0))
    blocks("loop-semaphore", semaphore.acquire, "semaphore", semaphore)
    event = keep(threading.Event())
    blocks("loop-event", event.wait, "event", event, also=ready)


def blocks(name, function, kind, object, holders=None, also=None):
    """A thread and its loop's task wait for the same."""

    async def blocked():
        of_current_task(name + "-task", kind, object, holders, running=True)
        if also:
            await also()
        function()

    thread(name, lambda: asyncio.run(blocked()), kind, object, holders)


# --- Files and processes -------------------------------------------------------------------------


async def say_nothing(reader, writer):
    keep(reader, writer)
    await rest()


async def connect(address):
    """A connection, its file's number and its peer as text."""
    reader, writer = await asyncio.open_connection(*address)
    keep(reader, writer)
    socket_ = writer.get_extra_info("socket")
    return reader, writer, {"fd": socket_.fileno(), "peer": "%s:%d" % socket_.getpeername()[:2]}


async def files():
    loop = asyncio.get_running_loop()
    server = keep(await asyncio.start_server(say_nothing, "127.0.0.1", 0))
    address = server.sockets[0].getsockname()
    for name in ("readline", "read"):
        reader, _, facts = await connect(address)
        says = "reads fd %(fd)d, from %(peer)s" % facts
        task("stream-" + name, getattr(reader, name)(), "read", says=says, **facts)
    _, writer, facts = await connect(address)
    writer.write(b"x" * 12345678)
    writer.write(b"y" * 1000)

    def unsent(_):
        size = writer.transport.get_write_buffer_size()
        return "writes fd %d: %s bytes unsent, paused" % (facts["fd"], format(size, ","))

    task("stream-drain", writer.drain(), "write", says=unsent, **facts)
    ours, theirs = keep(socket.socketpair())
    ours.setblocking(False)
    keep(theirs)
    task("sock-recv", loop.sock_recv(ours, 10), "read", fd=ours.fileno())
    # It ends when its input does.
    pipe = asyncio.subprocess.PIPE
    process = keep(await asyncio.create_subprocess_exec("cat", stdin=pipe))
    says = "process %d (cat), runs" % process.pid
    task("process-wait", process.wait(), "process", says=says)
    # Until the file is full.
    await asyncio.sleep(0.3)


async def ready():
    """Tasks that the loop would go on with, had it the time."""
    lock = keep(asyncio.Lock())
    await lock.acquire()
    event = keep(asyncio.Event())
    task("ready-lock", acquire(lock), "ready")
    task("ready-event", event.wait(), "ready")
    task("ready-step", steps(), "ready")
    await asyncio.sleep(0)
    lock.release()
    event.set()
    task("ready-new", rest(), "ready")


async def steps():
    while True:
        await asyncio.sleep(0)


main_loop = None


async def main():
    global main_loop
    main_loop = asyncio.get_running_loop()
    for cases in (timers, locks, semaphores, conditions, events, barriers, queues, futures):
        cases()
        await asyncio.sleep(0)
    await notified_condition()
    await files()
    for cases in (groups, wait_fors, timeouts, several, executors, results):
        cases()
        await asyncio.sleep(0)
    blocked_threads()
    blocked_loops()
    of_current_task("main", "timer", handle_of, due=in_seconds(LONG))
    report.ready(last=truth.write)
    await asyncio.sleep(LONG)


if __name__ == "__main__":
    asyncio.run(main())
