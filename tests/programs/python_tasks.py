"""Pure-Python tasks and futures beside C ones, awaiting each other in all combinations."""
import asyncio
import asyncio.futures
import asyncio.tasks

import report

CTask = asyncio.Task
PyTask = asyncio.tasks._PyTask
PyFuture = asyncio.futures._PyFuture


class SubPyTask(PyTask):
    pass


async def rest():
    await asyncio.sleep(3600)


async def awaits(future):
    await future


async def main():
    loop = asyncio.get_running_loop()
    inner = [PyTask(rest(), loop=loop, name="py-inner"), CTask(rest(), loop=loop, name="c-inner")]
    tasks = [
        PyTask(awaits(inner[0]), loop=loop, name="py-awaits-py"),
        PyTask(awaits(inner[1]), loop=loop, name="py-awaits-c"),
        CTask(awaits(inner[0]), loop=loop, name="c-awaits-py"),
        CTask(awaits(PyFuture(loop=loop)), loop=loop, name="c-awaits-py-future"),
        PyTask(awaits(PyFuture(loop=loop)), loop=loop, name="py-awaits-py-future"),
        PyTask(awaits(loop.create_future()), loop=loop, name="py-awaits-c-future"),
        SubPyTask(awaits(asyncio.gather(rest(), rest())), loop=loop, name="py-awaits-gather"),
        SubPyTask(rest(), loop=loop),
    ]
    report.ready(also=[task for task in inner + tasks if isinstance(task, PyTask)])
    await asyncio.sleep(3600)


asyncio.run(main())
