"""The newer GDB that is in the root folder: live, a core, a core without its executable."""

import glob
import json
import os

import compare
import debugger
import pytest
from cells import Process, kernel_writes_cores_here
from conftest import shows
from place import Absent

PROGRAM = "everything"


class Newer:
    """The GDB of the root folder, and what it sees of a program of this or another place."""

    def __init__(self, root, library, interpreter, place):
        self.root = root
        self.name = debugger.version(root.command([]))
        self._environment = {"AIODBG_LIBRARY": root.inner_machine(os.path.abspath(library))}
        self._machine = None if place is root else root.inner_machine("")
        self._command = interpreter.command
        self._inner = root.folder("gdb-" + interpreter.name)
        self._outer = root.outer(self._inner)
        self.report, self.answers = None, {}
        self._collect(place)

    def _collect(self, place):
        folder = self._inner if place is self.root else self._outer
        arguments = [self._command, "-B", place.inner_program(PROGRAM)]
        environment = {"AIODBG_REPORT": folder + "/report"}
        with Process(place, arguments, folder, environment).wait_until_ready() as process:
            with open(self._outer + "/report") as file:
                self.report = json.load(file)
            self._ask("live", ["-p", str(process.pid)] + self._files())
            process.crash()
        for path in glob.glob(self._outer + "/core*"):
            core = ["-ex", "core-file %s/%s" % (self._inner, os.path.basename(path))]
            self._ask("core", self._files(executable=True) + core)
            self._ask("bare", debugger.WITHOUT_FILES + core)
            os.remove(path)

    def _files(self, executable=False):
        """Options for a program from outside; one from inside is found without any."""
        found = ["-iex", "set sysroot " + self._machine] if self._machine else []
        # It asks for none where a process tells its own.
        return found + ([(self._machine or "") + self._command] if executable else [])

    def _ask(self, name, options):
        commands = ["asyncio ps --json --output %s/%s.json" % (self._inner, name)]
        done = debugger.gdb(
            options + debugger.each(commands),
            prefix=self.root.command([], self._inner, self._environment),
            script=self.root.inner_checkout("gdb", "aiodbg_gdb.py"),
        )
        try:
            with open("%s/%s.json" % (self._outer, name)) as file:
                self.answers[name] = done, json.load(file)
        except OSError:
            self.answers[name] = done, None

    def shown(self, name):
        done, found = self.answers[name]
        assert done.status == 0, done.errors
        assert done.error_lines() == []
        return found


@pytest.fixture(scope="module")
def newer(root, library, interpreter, place):
    if not root.has("gdb"):
        pytest.skip("no gdb in %s" % root.path)
    return Newer(root, library, interpreter, place)


def need_kernel_core():
    try:
        kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))


@pytest.mark.debug
def test_live(request, newer, interpreter):
    assert compare.with_program(newer.shown("live"), newer.report) == []
    shows(request.node, interpreter, "live", debugger=newer.name)


@pytest.mark.debug
def test_core(request, newer, interpreter):
    need_kernel_core()
    assert compare.with_live(newer.shown("core"), newer.shown("live")) == []
    shows(request.node, interpreter, "core", debugger=newer.name)


@pytest.mark.debug
def test_core_without_executable(request, newer, interpreter):
    """From 3.13 on nothing is missing; before, there is one error (test_core_files.py)."""
    need_kernel_core()
    target = "core without executable"
    if interpreter.version >= (3, 13):
        assert compare.with_live(newer.shown("bare"), newer.shown("live")) == []
        shows(request.node, interpreter, target, debugger=newer.name)
    else:
        done, found = newer.answers["bare"]
        assert (done.status != 0, found) == (True, None)
        assert len(done.error_lines()) == 1
        shows(request.node, interpreter, target, "n/a", newer.name)
