"""Tasks left behind: their thread has ended, or their loop was stopped."""
import asyncio
import threading

import report

loops = []


async def rest():
    await asyncio.sleep(3600)


async def awaits(task):
    await task


async def leave(name):
    """Start tasks, let them come to rest, and abandon them."""
    resting = asyncio.create_task(rest(), name=name + "-rest")
    loop = asyncio.get_running_loop()
    loop.left = [resting, asyncio.create_task(awaits(resting), name=name + "-awaits")]
    await asyncio.sleep(0.01)


def run_and_leave(name):
    loop = asyncio.new_event_loop()
    loops.append(loop)
    loop.run_until_complete(leave(name))
    loop.left.append(loop.create_task(rest(), name=name + "-never-started"))


async def main():
    report.ready()
    await asyncio.sleep(3600)


thread = threading.Thread(target=run_and_leave, args=("ended",))
thread.start()
thread.join()
run_and_leave("stopped")
asyncio.run(main())
