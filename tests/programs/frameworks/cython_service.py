"""Coroutines that Cython has compiled, between Python's, in each order; and a compiled callback."""
import asyncio
import importlib
import os
import subprocess
import sys
import sysconfig
import tempfile

import inflight

kept = []


def build():
    """Compile compiled.pyx, and import it."""
    here = os.path.dirname(os.path.abspath(__file__))
    folder = tempfile.mkdtemp()
    source, module = folder + "/compiled.c", folder + "/compiled.so"
    subprocess.check_call(["cython3", "-o", source, here + "/compiled.pyx"])
    include = "-I" + sysconfig.get_path("include")
    subprocess.check_call(["gcc", "-shared", "-fPIC", "-O1", include, "-o", module, source])
    sys.path.insert(0, folder)
    return importlib.import_module("compiled")


compiled = build()


async def rest(what):
    inflight.arrived(what)
    await asyncio.sleep(3600)


async def awaits(awaitable):
    await awaitable


async def iterates(iterator):
    async for _ in iterator:
        pass


class Awaitable:
    """An object whose __await__ is a generator of Cython's."""

    def __init__(self, what):
        self._what = what

    def __await__(self):
        inflight.arrived(self._what)
        return compiled.generate(asyncio.sleep(3600).__await__())


async def blocks():
    legacy_report()


def legacy_report():
    inflight.hold()



async def main():
    awaitables = {
        "own": compiled.relay(rest("own")),
        "between": awaits(compiled.relay(rest("between"))),
        "twice": awaits(compiled.relay_twice(rest("twice"))),
        "method": compiled.Session().get(awaits(rest("method"))),
        "iterates": iterates(compiled.numbers(rest("iterates"))),
        "compiled-iterates": compiled.iterate(rest("compiled-iterates")),
        "generator": awaits(Awaitable("generator")),
        "future": compiled.relay(asyncio.get_running_loop().create_future()),
        "task": awaits(compiled.relay(asyncio.ensure_future(rest("task")))),
    }
    for name, awaitable in awaitables.items():
        kept.append(asyncio.create_task(awaitable, name=name))
    wanted = [name for name in awaitables if name != "future"]
    await inflight.in_flight(*wanted)
    if inflight.options.block == "cython":
        asyncio.get_running_loop().call_later(0.1, compiled.call, legacy_report)
    if inflight.options.block == "handler":
        kept.append(asyncio.create_task(compiled.relay_twice(blocks()), name="blocks"))
    await asyncio.sleep(3600)


asyncio.run(main())
