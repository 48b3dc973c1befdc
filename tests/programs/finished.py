"""Tasks that have ended, and that variables still lead to, directly and through what they refer to; the
program says which, and how each ended. One more has nothing that leads to it.
"""
import asyncio
import collections
import json
import os
import threading

LONG = 1000


class Refused(Exception):
    pass


class Pool:
    def __init__(self):
        self.jobs = {}
        self.owner = None


class Slotted:
    __slots__ = ("job",)


async def job(kind):
    if kind == "fails":
        raise Refused("no", 7)
    if kind == "waits":
        await asyncio.sleep(LONG)
    return {"kind": kind}


def started(name, kind="returns"):
    task = asyncio.get_running_loop().create_task(job(kind))
    if hasattr(task, "set_name"):
        task.set_name(name)
    stated[name] = task
    return task


def in_thread(of_thread, stop):
    stop.wait(LONG)
    return of_thread


async def holds(kept):
    await asyncio.sleep(LONG)
    return kept


async def main():
    pool, owner, slotted = Pool(), Pool(), Slotted()
    plain = started("plain")
    failed = started("failed", "fails")
    cancelled = started("cancelled", "waits")
    listed = [started("listed-%d" % i, ("returns", "fails", "waits")[i % 3]) for i in range(9)]
    nested = {"by-name": ({started("in-set")}, collections.deque([started("in-deque")]))}
    pool.owner = owner
    pool.jobs["a"] = started("attribute")
    owner.jobs["b"] = started("further", "fails")
    slotted.job = started("slot")
    gathered = asyncio.gather(started("gathered"), started("gathered-waits", "waits"))
    stop = threading.Event()
    thread = threading.Thread(target=in_thread, args=(started("of-thread"), stop), daemon=True)
    thread.start()
    other = asyncio.get_running_loop().create_task(holds([started("of-other")]))
    gone = asyncio.get_running_loop().create_task(job("returns"))
    if hasattr(gone, "set_name"):
        gone.set_name("gone")
    del gone
    await asyncio.sleep(0.1)
    cancelled.cancel()
    await asyncio.sleep(0.1)
    print("READY", os.getpid(), flush=True)
    print(json.dumps({hex(id(task)): [name, state_of(task)] for name, task in stated.items()}), flush=True)
    stated.clear()
    await gathered
    return plain, failed, cancelled, listed, nested, pool, slotted, thread, other


def state_of(task):
    if not task.done():
        return None
    if task.cancelled():
        return "cancelled"
    return "raised Refused('no', 7)" if task.exception() else "returned {'kind': 'returns'}"


stated = {}

if __name__ == "__main__":
    asyncio.run(main())
