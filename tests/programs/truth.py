"""What a program knows of what its tasks and threads wait for, and of who holds what.

A program says so when it sets up each case: the facts come from how the program is written, not
from looking at asyncio. write(), given to report.ready() as last, asks for those that are only
known later (addresses, deadlines, threads), checks that every case is in the state that it
describes, and writes JSON to $AIODBG_REPORT with ".truth" appended.

Keys that a case does not give are not compared. "kind" and "object" are lists: where more than one
answer is right, they have more than one entry.
"""
import asyncio
import json
import os
import sys
import threading
import time
import types

SETTLE_SECONDS = 10
ROUNDS = 3
SECONDS_TOLERATED = 0.05
QUEUED = (
    asyncio.Lock,
    asyncio.Semaphore,
    asyncio.Condition,
    asyncio.Event,
    asyncio.Queue,
)
FUNCTIONS = (types.FunctionType, types.MethodType)
# The number of the system call: x86-64, arm64.
FUTEX = ("202", "98")

tasks = []
threads = []
locks = []
kept = []


class Case:
    """A task or thread that waits, and what is true of its wait.

    object, holders and facts may be functions of the task or thread. due: when a deadline ends the
    wait, on the loop's clock; None: never.
    """

    ATTRIBUTES = ("_waiters", "_getters", "_putters")

    def __init__(self, name, kind, object=None, holders=None, **facts):
        self.name = name
        self.kind = kind
        self.object = object
        self.facts = facts
        if holders is not None:
            facts["holders"] = holders
        self.who = None

    def value(self, fact):
        return fact(self.who) if isinstance(fact, FUNCTIONS) else fact

    def described(self, id):
        self.check()
        found = {"id": id, "name": self.name, "kind": listed(self.kind)}
        found["object"] = [hex_id(one) for one in listed(self.value(self.object))]
        for key, fact in self.facts.items():
            found[key] = self.value(fact)
        if "due" in found:
            found["deadline_at"] = deadline_of(self.who, found.pop("due"))
        return found

    def check(self):
        """That it still waits."""
        if isinstance(self.who, threading.Thread):
            assert self.who.is_alive(), "thread %s has ended" % self.name
        else:
            assert not self.who.done(), "task %s is done: %r" % (self.name, self.who)
            if "place" in self.facts and isinstance(self.object, QUEUED):
                self.check_place()

    def check_place(self):
        """That it stands where it says in the queue of waiters."""
        waiter = self.who._fut_waiter
        queues = [getattr(self.object, name, None) or () for name in self.ATTRIBUTES]
        queue = next((list(queue) for queue in queues if waiter in queue), [])
        assert waiter in queue, "%s does not wait in %r" % (self.name, self.object)
        found = queue.index(waiter) + 1, len(queue)
        assert found == (self.facts["place"], self.facts["waiters"]), "%s: %r" % (self.name, found)


def task(name, coroutine, kind, object=None, holders=None, **facts):
    """Start a task that waits as described. Returns it."""
    case = Case(name, kind, object, holders, **facts)
    case.who = asyncio.get_running_loop().create_task(coroutine)
    case.who.set_name(name)
    tasks.append(case)
    return case.who


def of_current_task(name, kind, object=None, holders=None, **facts):
    """Describe the calling task."""
    case = Case(name, kind, object, holders, **facts)
    case.who = asyncio.current_task()
    case.who.set_name(name)
    tasks.append(case)


def thread(name, function, kind, object=None, holders=None, **facts):
    """Start a thread that waits as described. Returns it when it does."""
    case = Case(name, kind, object, holders, **facts)
    case.who = threading.Thread(target=function, name=name, daemon=True)
    threads.append(case)
    case.who.start()
    settle(case.who.native_id)
    return case.who


def keep(*objects):
    """Keep objects alive whose addresses are reported. Returns the last."""
    kept.extend(objects)
    return objects[-1]


def holder(who, certainty="exact", line=None):
    """An entry of "holders": a task or a thread, and the line of its `with`.

    certainty: "exact": it must be shown as such; "either": it must be shown; "candidate": it must
    be shown, but not as exact; "maybe": if it is shown, not as exact.
    """
    is_thread = isinstance(who, threading.Thread)
    return {
        "task": None if is_thread else hex_id(who),
        "thread": who.native_id if is_thread else None,
        "certainty": certainty,
        "line": line,
    }


def lock(name, object, locked, holders=(), also=(), waiters=()):
    """Describe a lock; holders may be a function that returns them.

    also: other objects of which the same is true, such as the Condition of a Lock. waiters: tasks
    and threads that must not be called holders.
    """
    locks.append((name, object, locked, holders, also, waiters))


def line_of(file, mark):
    """The line of a program that ends in a comment with this mark."""
    with open(file, encoding="utf-8") as source:
        lines = [n for n, text in enumerate(source, 1) if text.rstrip().endswith("# " + mark)]
    assert len(lines) == 1, "%s is marked %d times" % (mark, len(lines))
    return lines[0]


def deadline_of(task, due):
    """The time of the first timer that ends the wait of a task; checks that it is due then."""
    scheduled = task.get_loop()._scheduled
    found = [handle._when for handle in scheduled if ends(handle, task) and not handle._cancelled]
    assert bool(found) == (due is not None), "%r: %r" % (task, found)
    assert not found or abs(min(found) - due) < SECONDS_TOLERATED, "%r: %r" % (found, due)
    return min(found) if found else None


def ends(handle, task):
    """True of a timer that completes what the task awaits, or cancels the task."""
    if handle._args and handle._args[0] is task._fut_waiter:
        return True
    owner = getattr(handle._callback, "__self__", None)
    return type(owner).__name__ == "Timeout" and owner._task is task


def write():
    """Write what is known. The last thing that a program does; it ends if something is not so."""
    try:
        write_whole()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def write_whole():
    for case in threads:
        settle(case.who.native_id)
    whole = {
        "python": sys.version,
        "clock": time.monotonic(),
        "tasks": [case.described(hex_id(case.who)) for case in tasks],
        "threads": [case.described(case.who.native_id) for case in threads],
        "locks": [described_lock(*one) for one in locks],
    }
    path = os.environ.get("AIODBG_REPORT")
    if path:
        with open(path + ".truth.new", "w") as out:
            json.dump(whole, out, indent=1)
        os.rename(path + ".truth.new", path + ".truth")


def described_lock(name, object, locked, holders, also, waiters):
    if hasattr(object, "locked"):
        assert object.locked() is locked, name
    return {
        "name": name,
        "object": hex_id(object),
        "type": type(object).__name__,
        "also": [hex_id(one) for one in also],
        "locked": locked,
        "holders": holders() if isinstance(holders, FUNCTIONS) else list(holders),
        "waiters": [who_is(one) for one in waiters],
    }


def who_is(one):
    return one.native_id if isinstance(one, threading.Thread) else hex_id(one)


def hex_id(one):
    return hex(id(one))


def listed(one):
    """One thing, or a list of those that will do."""
    if one is None:
        return []
    return one if isinstance(one, list) else [one]


def settle(tid):
    """Return when a thread waits in the kernel and does not move."""
    end, same, before = time.monotonic() + SETTLE_SECONDS, 0, None
    while same < ROUNDS:
        assert time.monotonic() < end, "thread %d does not wait: %s" % (tid, before)
        time.sleep(0.002)
        with open("/proc/self/task/%d/syscall" % tid) as file:
            now = file.read()
        same = same + 1 if now == before and now.split()[0] in FUTEX else 0
        before = now
