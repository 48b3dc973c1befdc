"""A core with an executable that is not the one it was made from, as after an update.

Nothing of such a file is believed: what a core tells by itself is shown as if there were no file,
and if that is not enough, the error names both builds.
"""

import glob
import json
import os
import re
import subprocess

import cells
import compare
import debugger
import pytest
from cells import Process
from place import Absent

PROGRAM = "waiting"


def build_id(path):
    notes = subprocess.run(["readelf", "-n", path], stdout=subprocess.PIPE).stdout.decode()
    return re.search(r"Build ID: ([0-9a-f]+)", notes).group(1)


def json_of(path):
    with open(path) as file:
        return json.load(file)


def write_other(path, other):
    """A copy of an executable that says it is of another build, and whose bytes are others too."""
    with open(path, "rb") as file:
        data = file.read()
    identity = bytes.fromhex(build_id(path))
    assert data.count(identity) == 1
    data = data.replace(identity, identity[::-1])
    # What it would be taken for.
    for name in (b"coroutine\0", b"async_generator\0"):
        data = data.replace(name, name[::-1])
    with open(other, "wb") as file:
        file.write(data)


class Core:
    """Of a program under an interpreter, and another build of the executable."""

    def __init__(self, place, interpreter, real):
        try:
            cells.kernel_writes_cores_here()
        except Absent as reason:
            pytest.skip(str(reason))
        self.place = place
        self.inner = place.folder("build-%s-%d" % (interpreter.name, real is not None))
        self.folder = place.outer(self.inner)
        arguments = [interpreter.command, "-B", place.inner_program(PROGRAM)]
        own = place.path + interpreter.command
        self.inner_other = real or self.inner + "/other"
        self.other = place.outer(self.inner_other)
        if not real:
            write_other(own, self.other)
        self.ids = build_id(own), build_id(self.other)
        with Process(place, arguments, self.inner).wait_until_ready() as process:
            done = debugger.gdb(
                debugger.without_symbols(place, interpreter.command)
                + ["-p", str(process.pid)]
                + debugger.each(["asyncio ps --json --output %s/live" % self.folder])
            )
            assert done.status == 0, done.errors
            self.live = json_of(self.folder + "/live")
            process.crash()
        (self.path,) = glob.glob(self.folder + "/core*")
        self.inner_path = self.path[len(place.path) :]

    def publishes(self, interpreter):
        # Or libpython has all, which is of the right build.
        files = subprocess.run(["readelf", "-d", self.other], stdout=subprocess.PIPE).stdout
        return interpreter.version >= (3, 13) or b"libpython" in files

    def judge(self, interpreter, done, report, other):
        """report: of doctor; other: how the debugger calls the other file."""
        if self.publishes(interpreter):
            assert done.status == 0, done.errors
            shown = json_of(self.folder + "/shown")
            assert compare.with_live(dict(shown, python=self.live["python"]), self.live) == []
            os.remove(self.folder + "/shown")
            return
        assert done.status != 0
        assert "Traceback" not in done.errors
        (line,) = [line for line in done.errors.splitlines() if "another build" in line]
        for text in (report, line):
            text = " ".join(text.split())
            for part in self.ids + (other, "files of the machine where it ran"):
                assert part in text


@pytest.fixture(scope="module")
def core(library, place, interpreter):
    return Core(place, interpreter, None)


def in_gdb(core, command):
    options = ["-readnever", "-iex", "set auto-load python-scripts off", core.other]
    return debugger.gdb(options + debugger.each(["core-file " + core.path, command]))


def in_lldb(core, lldb, command):
    other, path = lldb.path(core.place, core.inner_other), lldb.path(core.place, core.inner_path)
    return lldb.run(["target create %s --core %s" % (other, path), command])


SHOW = "asyncio ps --json --output %s/shown"


@pytest.mark.required
def test_gdb(core, interpreter):
    report = in_gdb(core, "asyncio doctor").output
    core.judge(interpreter, in_gdb(core, SHOW % core.folder), report, core.other)


@pytest.mark.required
def test_lldb(core, interpreter, lldbs):
    for lldb in lldbs.values():
        if lldb.reaches(core.place):
            report = in_lldb(core, lldb, "asyncio doctor").output
            done = in_lldb(core, lldb, SHOW % lldb.path(core.place, core.inner))
            core.judge(interpreter, done, report, lldb.path(core.place, core.inner_other))


@pytest.mark.required
@pytest.mark.since(3, 13)
def test_other_version(library, place, interpreter):
    """As after an upgrade of the machine where the core is looked at."""
    other = "3.13" if interpreter.version > (3, 13) else "3.14"
    core = Core(place, interpreter, "/usr/bin/python" + other)
    core.judge(interpreter, in_gdb(core, SHOW % core.folder), "", core.other)
