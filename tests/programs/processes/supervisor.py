"""A server's supervisor: it runs no task, its children do. Prints "READY pid", and the children."""
import asyncio
import multiprocessing
import os
import time


async def serve():
    print("child", os.getpid(), flush=True)
    await asyncio.sleep(3600)


def work():
    asyncio.run(serve())


if __name__ == "__main__":
    print("READY", os.getpid(), flush=True)
    context = multiprocessing.get_context("spawn")
    for worker in [context.Process(target=work) for _ in range(2)]:
        worker.start()
    time.sleep(3600)
