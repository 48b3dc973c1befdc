"""Tasks suspended inside asynchronous generators, by each way that leads into one."""
import asyncio
import contextlib
import sys

import report


async def rest():
    await asyncio.sleep(3600)


async def waits_at_once():
    await rest()
    yield 1


async def waits_on_second():
    yield 1
    await rest()
    yield 2


async def waits_on_throw():
    try:
        yield 1
    except ValueError:
        await rest()


async def waits_on_close():
    try:
        yield 1
    finally:
        await rest()


async def async_for():
    async for _ in waits_on_second():
        pass


async def comprehension():
    return [value async for value in waits_on_second()]


async def through_another():
    async def relay():
        async for value in waits_on_second():
            yield value

    async for _ in relay():
        pass


async def asend():
    generator = waits_on_second()
    await generator.asend(None)
    await generator.asend("sent")


async def dunder_anext():
    await waits_at_once().__anext__()


async def athrow():
    generator = waits_on_throw()
    await generator.asend(None)
    await generator.athrow(ValueError())


async def aclose():
    generator = waits_on_close()
    await generator.asend(None)
    await generator.aclose()


async def builtin_anext():
    await anext(waits_at_once())


async def anext_with_default():
    await anext(waits_at_once(), "default")


@contextlib.asynccontextmanager
async def slow_to_enter():
    await rest()
    yield


@contextlib.asynccontextmanager
async def slow_to_leave():
    yield
    await rest()


async def enters():
    async with slow_to_enter():
        pass


async def leaves():
    async with slow_to_leave():
        pass


async def holds():
    """The generator is suspended at its yield: it does not belong to the task's stack."""
    generator = waits_on_second()
    async for _ in generator:
        await rest()


async def main():
    functions = [async_for, comprehension, through_another, asend, dunder_anext, athrow, aclose]
    functions += [enters, leaves, holds]
    functions += [builtin_anext, anext_with_default] if sys.version_info >= (3, 10) else []
    tasks = [asyncio.create_task(function(), name=function.__name__) for function in functions]
    report.ready()
    await asyncio.sleep(3600)
    return tasks


asyncio.run(main())
