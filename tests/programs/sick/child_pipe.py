"""A child process fills its pipe, from which nobody reads while its end is awaited."""

import asyncio
import subprocess
import sys

import service

CHILD = "import sys; sys.stdout.write('x' * %d)"


async def convert(healthy, size, ret):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", CHILD % size, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    ret[:] = [process]
    # The mistake: its output is not wanted, but it is a pipe.
    if healthy:
        await process.communicate()
    await process.wait()  # place: waits


async def main(scene):
    await scene.begin()
    size = scene.random.randint(1, 3) * 1000000
    found = []
    task = scene.spawn(service.repeat, scene, convert, scene.healthy, size, found)
    scene.expect("stalled", "likely", tasks=[task], places=[scene.place("waits", task)])
    scene.ready_when(
        lambda: service.waits(task) and found[0].returncode is None and found[0].stdout._paused,
        service.SETTLE_BLOCKED,
    )
    await service.forever()


service.run(__file__, main)
