"""Tasks whose own coroutine is none: steps of async generators, wrappers, old generators.

Some are suspended, some run, each in a thread of its own, and some have not begun.
"""
import asyncio
import sys
import threading
import time
import types
import warnings

import report

HAS_ANEXT = sys.version_info >= (3, 10)
TAKES_GENERATORS = sys.version_info < (3, 12)

barrier = threading.Barrier(1)
# Each thread makes one of each kind, of which it runs one.
warnings.simplefilter("ignore", RuntimeWarning)


async def rest():
    await asyncio.sleep(3600)


async def works():
    barrier.wait()
    time.sleep(3600)


@types.coroutine
def old_style(coro):
    yield from coro


async def waits(function):
    await function()
    yield 1


async def waits_later(function):
    try:
        yield 1
        await function()
    except ValueError:
        await function()
    except GeneratorExit:
        await function()
        raise
    yield 2


class Source:
    """Its __anext__() is a coroutine."""

    def __init__(self, function):
        self.function = function

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self.function()


class ByGenerator:
    def __init__(self, function):
        self.function = function

    def __await__(self):
        yield from self.function().__await__()


async def begun(function):
    generator = waits_later(function)
    await generator.asend(None)
    return generator


async def make_all(function):
    """One of each kind: all end in the function, by name."""
    made = {
        "first-asend": waits(function).asend(None),
        "dunder-anext": waits(function).__anext__(),
        "second-asend": (await begun(function)).asend(None),
        "athrow": (await begun(function)).athrow(ValueError()),
        "aclose": (await begun(function)).aclose(),
        "method": Source(function).__anext__(),
    }
    if HAS_ANEXT:
        made["anext"] = anext(waits(function))
        made["anext-default"] = anext(waits(function), 0)
        made["anext-method"] = anext(Source(function))
        made["anext-method-default"] = anext(Source(function), 0)
    if TAKES_GENERATORS:
        made["old-style"] = old_style(function())
    return made


async def run(kind):
    made = await make_all(works)
    await asyncio.create_task(made[kind], name="runs-" + kind)


async def list_kinds():
    return list(await make_all(works))


async def main():
    made = await make_all(rest)
    tasks = [asyncio.create_task(coro, name="rests-" + name) for name, coro in made.items()]
    tasks.append(asyncio.ensure_future(ByGenerator(rest)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    made = await make_all(rest)
    # This runs before those that are to be new.
    tasks.append(asyncio.create_task(works(), name="runs"))
    tasks += [asyncio.create_task(coro, name="new-" + name) for name, coro in made.items()]
    await asyncio.sleep(3600)
    return tasks


kinds = asyncio.run(list_kinds())
barrier = threading.Barrier(len(kinds) + 1, action=report.ready)
for kind in kinds:
    threading.Thread(target=asyncio.run, args=(run(kind),), daemon=True).start()
asyncio.run(main())
