"""Awaiting what is no coroutine: objects with __await__, generators, iterators."""
import asyncio
import functools
import types

import report


async def rest():
    await asyncio.sleep(3600)


class ByGenerator:
    def __await__(self):
        yield from rest().__await__()


class ByWrapper:
    """Returns the interpreter's own wrapper of a coroutine."""

    def __await__(self):
        return rest().__await__()


class ByFuture:
    def __await__(self):
        return asyncio.get_running_loop().create_future().__await__()


class ByIterator:
    """The chain of frames ends here: what a Python object with __next__ does is its own matter."""

    def __init__(self, awaitable):
        self.iterator = awaitable.__await__()

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.iterator)


@types.coroutine
def old_style():
    yield from rest()


@types.coroutine
def old_style_wrapper():
    yield from rest().__await__()


@types.coroutine
def outer_old_style():
    yield from old_style()


@types.coroutine
def bare_future():
    """Yields a future as Future.__await__ does."""
    future = asyncio.get_running_loop().create_future()
    future._asyncio_future_blocking = True
    yield future


class Nested:
    def __await__(self):
        yield from ByGenerator().__await__()


async def awaits(make):
    await make()


async def several_in_a_row():
    """Coroutine, generator, coroutine, wrapper, generator, coroutine."""
    await awaits(lambda: awaits(ByWrapper))


async def main():
    made = {
        "by-generator": ByGenerator,
        "by-wrapper": ByWrapper,
        "by-future": ByFuture,
        "by-iterator": functools.partial(ByIterator, rest()),
        "old-style": old_style,
        "old-style-wrapper": old_style_wrapper,
        "outer-old-style": outer_old_style,
        "bare-future": bare_future,
        "nested": Nested,
        "several": several_in_a_row,
    }
    tasks = [asyncio.create_task(awaits(make), name=name) for name, make in made.items()]
    report.ready()
    await asyncio.sleep(3600)
    return tasks


asyncio.run(main())
