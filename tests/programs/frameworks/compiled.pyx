# cython: language_level=3
"""Compiled by Cython: coroutines that await Python's and are awaited by them, and a callback."""


async def relay(awaitable):
    return await awaitable


async def relay_twice(awaitable):
    return await relay(awaitable)


class Session:
    async def get(self, awaitable):
        return await relay(awaitable)


async def numbers(awaitable):
    yield 1
    await awaitable
    yield 2


async def iterate(awaitable):
    async for _ in numbers(awaitable):
        pass


def generate(values):
    yield from values


def call(function):
    function()
