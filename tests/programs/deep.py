"""One task whose coroutine awaits a coroutine, 1,200 times over."""
import asyncio
import os
import sys
import threading

import report

DEPTH = int(os.environ.get("AIODBG_SIZE", 1200))


async def nest(depth):
    if depth == 0:
        await asyncio.sleep(3600)
    else:
        await nest(depth - 1)


async def main():
    deep = asyncio.create_task(nest(DEPTH), name="deep")
    report.ready()
    await deep


def start():
    asyncio.run(main())


# Starting the chain takes a deep stack, once.
sys.setrecursionlimit(DEPTH * 3 + 1000)
if DEPTH <= 2000:
    start()
else:
    threading.stack_size(DEPTH // 1000 * 16 << 20)
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
