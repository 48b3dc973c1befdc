"""What the healthy programs have in common: they work as fast as they can, for a bounded time.

    PROGRAM [--seed N]

Like the programs of ../sick, whose module this uses, each prints a line of JSON when it is at
work: {"pid": 4711, "ready": true, "verdicts": []}. It goes on for SECONDS, unless it is ended.
"""

import asyncio
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sick"))

import service  # noqa: E402

SECONDS = 120


def run(path, main):
    scene = service.scene(path)
    scene.healthy = True
    signal.alarm(SECONDS)
    asyncio.run(main(scene))


async def together(scene, functions):
    """Run a task for each function, with a name, until the end."""
    tasks = []
    for function in functions:
        task = asyncio.ensure_future(function())
        task.set_name(scene.task_name())
        tasks.append(task)
    await asyncio.gather(*tasks)
