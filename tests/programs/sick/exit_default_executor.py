"""The main task has ended, and asyncio.run() waits for a thread of the default executor."""

import asyncio
import sys
import threading

import service


class Console:
    def __init__(self):
        self.closed = threading.Event()

    def read(self):
        self.closed.wait()  # place: waits


async def main(scene):
    if sys.version_info < (3, 9):
        service.missing("shutdown_default_executor() came with Python 3.9")
    await scene.begin()
    console = Console()
    future = asyncio.get_running_loop().run_in_executor(None, console.read)
    await asyncio.sleep(0.2)
    scene.expect("stuck-at-exit", "likely", places=[scene.place("waits")])
    scene.ready_when(
        lambda: any(
            service.thread_in(thread, "_do_shutdown") for thread in threading.enumerate()
        )
    )
    # The mistake: nobody ends the job. The twin has not come to that.
    if scene.healthy:
        scene.spawn(service.repeat, scene, asyncio.sleep, 0.01)
        await service.forever()
        console.closed.set()
        await future
    await scene.load.end()


service.run(__file__, main)
