"""A task busy below an asynchronous generator, a __await__ generator and a comprehension."""
import asyncio
import time

import report


def block(_=None):
    report.ready()
    time.sleep(3600)


class Awaitable:
    def __await__(self):
        [block() for _ in range(1)]
        yield


async def values():
    await Awaitable()
    yield 1


async def main():
    async for _ in values():
        pass


asyncio.run(main())
