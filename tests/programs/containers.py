"""Tasks that wait for futures which some container keeps: which one, and how one gets there.

The truth: {"tasks": {id of a task: {"container": id or null, "name": "self.pending", "of": "Rpc"}}}.
"""
import asyncio
import collections
import itertools
import json
import os
import weakref

import report

TRUTH = {}
KEPT = []
BY_NUMBER = {}
CLIENTS = {}


def future():
    return asyncio.get_running_loop().create_future()


def task(coroutine, container, name, of=None):
    running = asyncio.get_running_loop().create_task(coroutine)
    KEPT.append(running)
    container = None if container is None else hex(id(container))
    TRUTH[hex(id(running))] = {"container": container, "name": name, "of": of}


async def waits(one):
    await one


class Rpc:
    def __init__(self):
        self.pending = {}
        self.numbers = itertools.count()

    async def call(self):
        one = self.pending[next(self.numbers)] = future()
        return await one

    async def read(self):
        while True:
            await asyncio.sleep(3600)


class Batches:
    """A record for each, in a deque; and in lists by host."""

    def __init__(self):
        self.requests = collections.deque()
        self.by_host = collections.defaultdict(list)
        self.queue = asyncio.Queue()

    async def call(self):
        one = future()
        self.requests.append((one, "request"))
        await one

    async def by_name(self):
        one = future()
        self.by_host["host"].append(one)
        await one

    async def queued(self):
        one = future()
        self.queue.put_nowait(("request", one))
        await one


class Weak:
    def __init__(self):
        self.waiting = weakref.WeakValueDictionary()

    async def call(self):
        one = self.waiting["key"] = future()
        await one


class Job:
    __slots__ = ("done",)


class Jobs:
    def __init__(self):
        self.jobs = []

    async def call(self):
        job = Job()
        job.done = future()
        self.jobs.append(job)
        await job.done


class Facade:
    """The client is an attribute; who waits has been given the future alone."""

    def __init__(self):
        self.client = Inner()

    async def call(self):
        await waits(self.client.begin())


class Inner:
    def __init__(self):
        self.running = set()

    def begin(self):
        one = future()
        self.running.add(one)
        return one


async def by_global():
    one = BY_NUMBER[1] = future()
    await one


async def by_client():
    await CLIENTS["a"].call()


async def keeps_a_list():
    ones = [future() for _ in range(3)]
    for one in ones:
        await one


def begin():
    rpc = CLIENTS["a"] = Rpc()
    for _ in range(5):
        task(rpc.call(), rpc.pending, "self.pending", "Rpc")
    task(by_client(), rpc.pending, "self.pending", "Rpc")
    batches = Batches()
    task(batches.call(), batches.requests, "self.requests", "Batches")
    task(batches.by_name(), batches.by_host, "self.by_host", "Batches")
    task(batches.queued(), batches.queue._queue, "self.queue", "Batches")
    weak, jobs, facade = Weak(), Jobs(), Facade()
    task(weak.call(), weak.waiting.data, "self.waiting", "Weak")
    task(jobs.call(), jobs.jobs, "self.jobs", "Jobs")
    task(facade.call(), facade.client.running, "self.client.running", "Inner")
    task(by_global(), BY_NUMBER, "BY_NUMBER")
    # Who waits has the future alone, and the task that reads has the container.
    far = Rpc()
    one = far.pending[0] = future()
    KEPT.append(asyncio.get_running_loop().create_task(far.read()))
    task(waits(one), far.pending, "self.pending", "Rpc")
    task(waits(future()), None, None)


def write():
    path = os.environ.get("AIODBG_REPORT")
    if not path:
        return
    with open(path + ".truth.new", "w") as file:
        json.dump({"tasks": TRUTH}, file)
    os.rename(path + ".truth.new", path + ".truth")


async def main():
    begin()
    running = asyncio.get_running_loop().create_task(keeps_a_list())
    KEPT.append(running)
    await asyncio.sleep(0.05)
    ones = running.get_coro().cr_frame.f_locals["ones"]
    TRUTH[hex(id(running))] = {"container": hex(id(ones)), "name": "ones", "of": None}
    del ones, running
    report.ready(last=write)
    await asyncio.sleep(3600)


asyncio.run(main())
