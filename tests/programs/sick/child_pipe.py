"""A child process fills its pipe, from which nobody reads while its end is awaited, or while it is given
all of its input first."""

import asyncio
import subprocess
import sys

import service

CHILD = "import sys; sys.stdout.write('x' * %d)"
ECHO = "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer, 1000)"


async def feed(process, size):
    for _ in range(size // 1000):
        process.stdin.write(b"x" * 1000)
        await process.stdin.drain()  # place: feeds
    process.stdin.close()


async def translate(healthy, size, ret):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", ECHO, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    ret[:] = [process]
    # The mistake: its output is read once it has all of its input.
    if healthy:
        await asyncio.gather(feed(process, size), process.stdout.read())
    else:
        await feed(process, size)
    await process.wait()


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
    work, place = (convert, "waits") if scene.chance() else (translate, "feeds")
    task = scene.spawn(service.repeat, scene, work, scene.healthy, size, found)
    scene.expect("stalled", "likely", tasks=[task], places=[scene.place(place, task)])
    scene.ready_when(
        lambda: service.waits(task) and found[0].returncode is None and found[0].stdout._paused,
        service.SETTLE_BLOCKED,
    )
    await service.forever()


service.run(__file__, main)
