"""A loop in the main interpreter, and one in a subinterpreter with tasks of its own."""
import asyncio
import os
import threading
from concurrent import interpreters

import report

REQUIRES = (3, 14)

SUB = """
import asyncio, os, sys
sys.path.insert(0, folder)
import report

async def rest():
    await asyncio.sleep(3600)

async def gathers():
    await asyncio.gather(rest(), rest())

async def main():
    tasks = [
        asyncio.create_task(rest(), name="sub-rest"),
        asyncio.create_task(gathers(), name="sub-gathers"),
    ]
    loop = asyncio.get_running_loop()
    loop.call_later(0.2, lambda: os.write(done, report.collect(interpreter).encode()))
    await asyncio.wait(tasks)

asyncio.run(main())
"""


async def rest():
    await asyncio.sleep(3600)


def read_part(source):
    """The subinterpreter's report: one write, at most a pipe's size."""
    return report.json.loads(os.read(source, 65536))


async def main():
    interpreter = interpreters.create()
    source, done = os.pipe()
    interpreter.prepare_main(
        folder=os.path.dirname(os.path.abspath(__file__)), done=done, interpreter=interpreter.id
    )
    threading.Thread(target=interpreter.exec, args=(SUB,), daemon=True).start()
    part = await asyncio.to_thread(read_part, source)
    resting = asyncio.create_task(rest(), name="main-rest")
    report.ready(parts=[part])
    await resting


asyncio.run(main())
