"""Three threads with a loop each; one also runs tasks that another thread has created."""
import asyncio
import threading
import time

import report


async def rest():
    await asyncio.sleep(3600)


async def gathers():
    await asyncio.gather(rest(), rest())


def busy(started):
    started.release()
    time.sleep(3600)


async def blocked(started):
    resting = asyncio.create_task(rest(), name="blocked-rest")
    await asyncio.sleep(0)
    busy(started)
    await resting


async def working(started):
    resting = asyncio.create_task(rest(), name="working-rest")
    started.release()
    await gathers()
    await resting


async def foreign(started):
    started.release()
    await gathers()


async def main():
    started = threading.Semaphore(0)
    for function in (blocked, working):
        arguments = (function(started),)
        threading.Thread(target=asyncio.run, args=arguments, daemon=True).start()
        started.acquire()
    loop = asyncio.new_event_loop()
    task = loop.create_task(foreign(started), name="foreign")
    threading.Thread(target=loop.run_until_complete, args=(task,), daemon=True).start()
    started.acquire()
    report.ready()
    await asyncio.sleep(3600)


asyncio.run(main())
