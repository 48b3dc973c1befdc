"""Locks that are held in each way in which a program can, and who holds them.

Each lock has a line of its own that takes it, marked with the lock's name, and tasks behind it that
wait in the same way and must not be called holders. holders_no_accelerator.py runs the same without
the C module _asyncio.
"""
import asyncio
import contextlib
import functools
import sys
import threading

import report
import truth
from truth import holder, keep, task, thread

LONG = 3600
# How a holder has to be shown: see truth.holder().
EXACT, EITHER, LIKELY, MAYBE = "exact", "either", "candidate", "maybe"
marked = functools.partial(truth.line_of, __file__)


async def rest():
    await asyncio.sleep(LONG)


class Form:
    """A way to hold one lock: the tasks that run it, the first of which gets the lock."""

    def __init__(self, name, function, lock=None, certainty=EXACT, line=True, count=3):
        self.name = name
        self.lock = asyncio.Lock() if lock is None else lock
        self.certainty = certainty
        self.line = marked(name) if line else None
        coroutines = [function(self.lock) for _ in range(count)]
        self.tasks = [start(name, number, one) for number, one in enumerate(coroutines)]
        truth.lock(name, self.lock, True, self.holders, waiters=self.tasks[1:])

    def holders(self):
        assert self.lock.locked(), self.name
        return [holder(self.tasks[0], self.certainty, self.line)]


def start(name, number, coroutine):
    """All that is compared here of what it waits for: that it waits."""
    return task("%s-%d" % (name, number), coroutine, None)


# --- async with ----------------------------------------------------------------------------------


async def plain(lock):
    async with lock:  # plain
        await rest()


async def in_try(lock):
    try:
        async with lock:  # in-try
            await rest()
    finally:
        keep(None)


async def around_try(lock):
    async with lock:  # around-try
        try:
            await rest()
        except OSError:
            pass
        finally:
            keep(None)


async def in_handler(lock):
    """It holds the lock while it handles an exception of the body."""
    async with lock:  # in-handler
        try:
            raise OSError
        except OSError:
            await rest()


async def in_finally(lock):
    async with lock:  # in-finally
        try:
            pass
        finally:
            await rest()


async def in_loop(lock):
    for _ in range(3):
        for _ in range(3):
            async with lock:  # in-loop
                await rest()


async def second_round(lock):
    """It has had the lock before."""
    for turn in range(2):
        async with lock:  # second-round
            if turn:
                await rest()


async def with_target(lock):
    async with Opens(lock) as opened:  # with-target
        await rest()
        return opened


class Opens:
    """A context manager of the program's own, that has a lock."""

    def __init__(self, lock):
        self.lock = lock

    async def __aenter__(self):
        await self.lock.acquire()
        return self

    async def __aexit__(self, *_):
        self.lock.release()


async def deep(lock, depth=6):
    """The frame with the lock is in the middle of the stack."""
    if depth == 3:
        async with lock:  # deep
            await deep(lock, depth - 1)
    elif depth:
        await deep(lock, depth - 1)
    else:
        await rest()


async def many_on_stack(lock):
    """Other things are on the frame's stack below the lock's."""
    for _ in iter([1]):
        for _ in {2: 3}.items():
            async with contextlib.AsyncExitStack():
                async with lock:  # many-on-stack
                    keep(1, 2, await rest())


class Derived(asyncio.Lock):
    """A subclass with another name."""


class Decorated(asyncio.Lock):
    """Its exit is no plain function with a name that tells."""

    def _wrapped(function):
        @functools.wraps(function)
        async def wrapper(self, *args):
            return await function(self, *args)

        return wrapper

    __aexit__ = _wrapped(asyncio.Lock.__aexit__)


def async_with():
    Form("plain", plain)
    Form("in-try", in_try)
    Form("around-try", around_try)
    Form("in-handler", in_handler)
    Form("in-finally", in_finally)
    Form("in-loop", in_loop)
    Form("deep", deep)
    Form("many-on-stack", many_on_stack)
    Form("second-round", second_round, count=1)
    Form("with-target", with_target, certainty=LIKELY)
    Form("derived", derived, Derived(), certainty=EITHER)
    Form("decorated", decorated, Decorated(), certainty=EITHER)
    Form("semaphore", semaphore, asyncio.BoundedSemaphore(1))


async def derived(lock):
    async with lock:  # derived
        await rest()


async def decorated(lock):
    async with lock:  # decorated
        await rest()


async def semaphore(lock):
    async with lock:  # semaphore
        await rest()


def shared_semaphore():
    """Two tasks have a permit each, the third waits."""
    both = asyncio.Semaphore(2)

    async def takes():
        async with both:  # shared-semaphore
            await rest()

    tasks = [start("shared-semaphore", number, takes()) for number in range(3)]
    line = marked("shared-semaphore")
    holders = [holder(one, EXACT, line) for one in tasks[:2]]
    truth.lock("shared-semaphore", both, True, holders, waiters=tasks[2:])


# --- Several locks -------------------------------------------------------------------------------


def pair(name, function):
    """A task that holds two locks; one more waits for the first, another for the second.

    The first waiter is in the function too: it has nothing. The second has the first lock of its
    own, and waits for the second.
    """
    first, second, own = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
    has = start(name, 0, function(first, second))
    waits = start(name, 1, function(first, second))
    has_own = start(name, 2, function(own, second))
    one, two = marked(name + "-first"), marked(name + "-second")
    waiters = (waits, has_own)
    truth.lock(name + "-first", first, True, [holder(has, EXACT, one)], waiters=waiters)
    truth.lock(name + "-second", second, True, [holder(has, EXACT, two)], waiters=waiters)
    truth.lock(name + "-own", own, True, [holder(has_own, EXACT, one)], waiters=(has, waits))


async def nested(first, second):
    async with first:  # nested-first
        async with second:  # nested-second
            await rest()


async def of_two_functions(first, second):
    async with first:  # of-two-functions-first
        await inner_function(second)


async def inner_function(second):
    async with second:  # of-two-functions-second
        await rest()


def several():
    pair("nested", nested)
    pair("of-two-functions", of_two_functions)
    first, second, own = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()

    async def listed(one, other):
        async with one, other:  # listed
            await rest()

    line = marked("listed")
    has = start("listed", 0, listed(first, second))
    waits = start("listed", 1, listed(first, second))
    has_own = start("listed", 2, listed(own, second))
    exact = [holder(has, EXACT, line)]
    truth.lock("listed-first", first, True, exact, waiters=(waits, has_own))
    truth.lock("listed-second", second, True, exact, waiters=(waits, has_own))
    truth.lock("listed-own", own, True, [holder(has_own, EXACT, line)], waiters=(has, waits))


# --- Managers around the lock --------------------------------------------------------------------


async def in_exit_stack(lock):
    async with contextlib.AsyncExitStack() as stack:  # exit-stack
        await stack.enter_async_context(asyncio.Lock())
        await stack.enter_async_context(lock)
        stack.callback(keep, None)
        await rest()


@contextlib.asynccontextmanager
async def locked(lock):
    async with lock:  # manager
        yield lock


async def in_manager(lock):
    async with locked(lock):
        await rest()


@contextlib.asynccontextmanager
async def outer_manager(lock):
    async with inner_manager(lock):
        yield


@contextlib.asynccontextmanager
async def inner_manager(lock):
    async with lock:  # nested-manager
        yield


async def in_nested_manager(lock):
    async with outer_manager(lock):
        await rest()


async def in_stack_of_managers(lock):
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(stacked_manager(lock))
        await rest()


@contextlib.asynccontextmanager
async def stacked_manager(lock):
    async with lock:  # stacked-manager
        yield


def managers():
    Form("exit-stack", in_exit_stack, certainty=EITHER)
    Form("manager", in_manager)
    Form("nested-manager", in_nested_manager)
    Form("stacked-manager", in_stack_of_managers, certainty=EITHER)


# --- Generators ----------------------------------------------------------------------------------


async def iterates(lock):
    async for _ in numbers(lock):
        await rest()


async def numbers(lock):
    async with lock:  # generator
        for number in range(3):
            yield number


async def awaits_in_generator(lock):
    async for _ in slow_numbers(lock):
        keep(None)


async def slow_numbers(lock):
    async with lock:  # slow-generator
        await rest()
        yield 1


async def takes_next(lock):
    generator = next_numbers(lock)
    await generator.__anext__()
    await rest()
    return generator


async def next_numbers(lock):
    async with lock:  # next-generator
        yield 1


async def keeps_elsewhere(lock):
    owner = Opens(lock)
    owner.generators = {"one": [elsewhere_numbers(lock)]}
    await owner.generators["one"][0].__anext__()
    await rest()


async def elsewhere_numbers(lock):
    async with lock:  # elsewhere-generator
        yield 1


def generators():
    Form("generator", iterates, certainty=EITHER)
    Form("slow-generator", awaits_in_generator)
    Form("next-generator", takes_next, certainty=MAYBE)
    Form("elsewhere-generator", keeps_elsewhere, certainty=MAYBE)


# --- Conditions ----------------------------------------------------------------------------------


def conditions():
    condition = keep(asyncio.Condition())

    async def holds_condition():
        async with condition:  # condition
            await rest()

    tasks = [start("condition", number, holds_condition()) for number in range(3)]
    has = holder(tasks[0], EXACT, marked("condition"))
    lock = condition._lock
    truth.lock("condition", lock, True, [has], also=(condition,), waiters=tasks[1:])

    given_back = keep(asyncio.Condition())

    async def waits():
        async with given_back:
            await given_back.wait()

    async def waits_for():
        async with given_back:
            await given_back.wait_for(lambda: False)

    tasks = [start("condition-free", 0, waits()), start("condition-free", 1, waits_for())]
    lock = given_back._lock
    truth.lock("condition-free", lock, False, also=(given_back,), waiters=tasks)
    shared = asyncio.Lock()
    takes_lock(asyncio.Condition(shared), shared)


def takes_lock(condition, lock):
    """Some take the Lock, others the Condition that was made of it, and one of them waits."""

    async def waits():
        async with condition:
            await condition.wait()

    async def holds_lock():
        async with lock:  # condition-lock
            await rest()

    async def holds_condition():
        async with condition:
            await rest()

    coroutines = (waits(), holds_lock(), holds_condition())
    tasks = [start("condition-lock", number, one) for number, one in enumerate(coroutines)]
    has = [holder(tasks[1], EXACT, marked("condition-lock"))]
    waiters = (tasks[0], tasks[2])
    truth.lock("condition-lock", lock, True, has, also=(condition,), waiters=waiters)


# --- Leaving -------------------------------------------------------------------------------------


class Slow(asyncio.Lock):
    """Its exit waits before it gives the lock back."""

    async def __aexit__(self, *details):
        await rest()
        await super().__aexit__(*details)


async def raises(lock):
    async with lock:
        raise OSError


async def returns(lock):
    async with lock:
        return


def leaving():
    """They have the lock still, but whether they do is up to their __aexit__."""
    Form("leaving-exception", raises, Slow(), certainty=MAYBE, line=False)
    Form("leaving", returns, Slow(), certainty=MAYBE, line=False)


# --- acquire() and release() ---------------------------------------------------------------------


async def acquires(lock):
    await lock.acquire()
    try:
        await rest()
    finally:
        lock.release()


async def acquires_only(lock):
    await lock.acquire()
    await rest()
    return lock


async def releases_inside(lock):
    """Where the body may release it, who is inside need not have it."""
    async with lock:  # releases-inside
        if lock is None:
            lock.release()
        await rest()


async def acquires_later(lock):
    """It has not got as far: it may look as if it had the lock, or were to release it."""
    await rest()
    await lock.acquire()
    lock.release()


async def inside_one_of_two(lock):
    async with lock:  # one-of-two
        await rest()


def one_of_two(name, function, certainty, line=None):
    """Two tasks refer to the lock; the one that waits for it tells who is named."""
    lock = asyncio.Lock()
    has, other, waits = (
        start(name, number, coroutine)
        for number, coroutine in enumerate((function(lock), acquires_later(lock), acquires(lock)))
    )
    truth.lock(name, lock, True, [holder(has, certainty, line)], waiters=[other, waits])


def plain_acquire():
    Form("acquire", acquires, certainty=LIKELY, line=False)
    Form("acquire-only", acquires_only, certainty=LIKELY, line=False)
    Form("releases-inside", releases_inside, certainty=LIKELY)
    one_of_two("one-of-two", inside_one_of_two, EITHER, marked("one-of-two"))
    one_of_two("acquired-by-one-of-two", acquires, MAYBE)


async def released():
    """Locks that were held, and are free."""
    for number in range(2):
        lock = keep(asyncio.Lock())
        async with lock:
            pass
        truth.lock("free-%d" % number, lock, False)
    lock = keep(asyncio.Lock())
    again = task("was-inside", was_inside(lock), None)
    truth.lock("free-after", lock, False, waiters=[again])


async def was_inside(lock):
    """It still has the lock in a local variable."""
    async with lock:
        pass
    await rest()
    return lock


# --- Threading's locks ---------------------------------------------------------------------------


def holds_across_await(name, lock, function, certainty=EXACT):
    has = start(name, 0, function(lock))
    truth.lock(name, lock, True, [holder(has, certainty, marked(name))])


async def with_lock(lock):
    with lock:  # thread-lock
        await rest()


async def with_rlock(lock):
    with lock:  # thread-rlock
        with lock:
            await rest()


async def with_condition(condition):
    with condition:  # thread-condition
        await rest()


async def with_semaphore(semaphore):
    with semaphore:  # thread-semaphore
        await rest()


async def with_stack(lock):
    with contextlib.ExitStack() as stack:  # thread-stack
        stack.enter_context(lock)
        await rest()


async def with_manager(lock):
    with thread_manager(lock):
        await rest()


@contextlib.contextmanager
def thread_manager(lock):
    with lock:  # thread-manager
        yield


async def with_two(pair):
    with pair[0], pair[1]:  # thread-two
        await rest()


def threading_locks():
    holds_across_await("thread-lock", threading.Lock(), with_lock)
    holds_across_await("thread-rlock", threading.RLock(), with_rlock)
    holds_across_await("thread-stack", threading.Lock(), with_stack, EITHER)
    holds_across_await("thread-manager", threading.Lock(), with_manager)
    holds_across_await("thread-semaphore", threading.BoundedSemaphore(1), with_semaphore)
    condition = threading.Condition()
    has = start("thread-condition", 0, with_condition(condition))
    holders = [holder(has, EXACT, marked("thread-condition"))]
    truth.lock("thread-condition", condition._lock, True, holders, also=(condition,))
    pair = threading.Lock(), threading.Lock()
    has = start("thread-two", 0, with_two(pair))
    for number, lock in enumerate(pair):
        holders = [holder(has, EXACT, marked("thread-two"))]
        truth.lock("thread-two-%d" % number, lock, True, holders)


# --- Threads -------------------------------------------------------------------------------------


def in_threads():
    for name, function, lock in (
        ("in-thread", inside_lock, threading.Lock()),
        ("in-thread-rlock", inside_rlock, threading.RLock()),
        ("in-thread-deep", inside_deep, threading.Lock()),
    ):
        has = thread(name, functools.partial(function, lock), None)
        waits = thread(name + "-waits", functools.partial(waits_in_with, lock), None)
        line = marked(name)
        truth.lock(name, lock, True, [holder(has, EXACT, line)], waiters=[waits])
    condition = threading.Condition()
    waits = thread("in-thread-condition", functools.partial(waits_inside, condition), None)
    truth.lock("in-thread-condition", condition._lock, False, also=(condition,), waiters=[waits])
    held = threading.RLock()
    has = thread("in-thread-acquire", functools.partial(acquires_in_thread, held), None)
    truth.lock("in-thread-acquire", held, True, [holder(has, EITHER)])


def inside_lock(lock):
    with lock:  # in-thread
        threading.Event().wait()


def inside_rlock(lock):
    with lock:
        inside_again(lock)


def inside_again(lock):
    with lock:  # in-thread-rlock
        threading.Event().wait()


def inside_deep(lock):
    with contextlib.ExitStack():
        with lock:  # in-thread-deep
            deeper(5)


def deeper(depth):
    if depth:
        deeper(depth - 1)
    else:
        threading.Event().wait()


def waits_in_with(lock):
    with lock:
        threading.Event().wait()


def waits_inside(condition):
    with condition:
        condition.wait()


def acquires_in_thread(lock):
    """An RLock records its owner."""
    lock.acquire()
    threading.Event().wait()


# --- Others --------------------------------------------------------------------------------------


async def running():
    """A task that holds a lock and is executed: the loop of its own thread is blocked."""
    lock = asyncio.Lock()

    async def blocks():
        async with lock:  # running
            threading.Event().wait()

    async def main():
        has.append(start("running", 0, blocks()))
        await asyncio.sleep(0)

    has = []
    thread("running", lambda: asyncio.run(main()), None)
    truth.lock("running", lock, True, [holder(has[0], EXACT, marked("running"))])


async def main():
    for forms in (
        async_with,
        shared_semaphore,
        several,
        managers,
        generators,
        conditions,
        leaving,
        plain_acquire,
        threading_locks,
    ):
        forms()
        await asyncio.sleep(0)
    await released()
    in_threads()
    await running()
    report.ready(last=truth.write)
    await asyncio.sleep(LONG)


if __name__ == "__main__":
    asyncio.run(main())
