"""gather(): nested, awaited by another task than its caller, of other things than tasks."""
import asyncio

import report


async def rest():
    await asyncio.sleep(3600)


async def nested():
    await asyncio.gather(rest(), asyncio.gather(rest(), rest()))


class Custom:
    """An awaitable that is neither a coroutine nor a future: gather() wraps it in a task."""

    def __await__(self):
        return rest().__await__()


async def mixed(future):
    await asyncio.gather(future, Custom(), rest())


async def caller(started, gathered):
    """Call gather() and leave the waiting to another task."""
    gathered.append(asyncio.gather(rest(), rest()))
    started.set()
    await asyncio.sleep(3600)


async def awaiter(started, gathered):
    await started.wait()
    await gathered[0]


async def forgetful():
    """Nobody awaits the result."""
    gathered = asyncio.gather(rest())
    await asyncio.sleep(3600)
    return gathered


async def main():
    future = asyncio.get_running_loop().create_future()
    started, gathered = asyncio.Event(), []
    tasks = [
        asyncio.create_task(nested(), name="nested"),
        asyncio.create_task(mixed(future), name="mixed"),
        asyncio.create_task(caller(started, gathered), name="caller"),
        asyncio.create_task(awaiter(started, gathered), name="awaiter"),
        asyncio.create_task(forgetful(), name="forgetful"),
    ]
    report.ready()
    await asyncio.sleep(3600)
    return tasks


asyncio.run(main())
