"""A bit of everything in as little memory as possible, for the fuzzer: a few tasks, no modules
and no names but those that matter."""
import asyncio

import report
import trim


async def rest():
    await asyncio.sleep(3600)


async def numbers():
    yield 1
    await rest()


async def generator():
    async for _ in numbers():
        pass


async def waits(tasks):
    await asyncio.gather(asyncio.shield(tasks["rest é"]), tasks["generator"])


async def times_out(tasks):
    await asyncio.wait_for(tasks["waits"], 3600)


async def circle(tasks, name):
    await asyncio.sleep(0)
    await tasks[name]


async def main():
    tasks = {}
    tasks["rest é"] = asyncio.create_task(rest(), name="rest é")
    tasks["generator"] = asyncio.create_task(generator(), name="generator")
    tasks["waits"] = asyncio.create_task(waits(tasks), name="waits")
    tasks["times out"] = asyncio.create_task(times_out(tasks))
    tasks["a"] = asyncio.create_task(circle(tasks, "b"), name="a")
    tasks["b"] = asyncio.create_task(circle(tasks, "a"), name="b")
    await asyncio.sleep(0.01)
    report.ready(last=trim.trim)
    await asyncio.sleep(3600)


asyncio.run(main())
