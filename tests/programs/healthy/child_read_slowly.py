"""A child process that writes faster than its output is worked off, and whose end is awaited."""

import asyncio
import subprocess
import sys

import load

CHILD = "import sys\nwhile True: sys.stdout.write('x' * 100000)"


class Converter:
    def __init__(self, process):
        self.process = process

    async def work_off(self, scene):
        while True:
            await self.process.stdout.readexactly(20000)
            scene.step()
            await asyncio.sleep(0.3)

    async def watch(self):
        await self.process.wait()


async def main(scene):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", CHILD, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    converter = Converter(process)
    await load.together(scene, [lambda: converter.work_off(scene), converter.watch])


load.run(__file__, main)
