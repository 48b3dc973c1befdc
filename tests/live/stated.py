"""A program that states the truth about itself, running, and what debuggers show of it."""

import functools
import glob
import itertools
import json
import os
import time

import debugger
from cells import Process, everything, kernel_writes_cores_here
from program import by_pid

NUMBERS = itertools.count()
# Wider: attached, from cores, and the same bytes in LLDB.
ALL = everything()


class Stated:
    """A running program, to be closed; truth is what it has written."""

    def __init__(self, place, interpreter, program):
        self.place = place
        self.interpreter = interpreter
        self._inner = place.folder("stated-%d" % next(NUMBERS))
        self._outer = place.outer(self._inner)
        arguments = [interpreter.command, "-B", place.inner_program(program)]
        environment = {"AIODBG_REPORT": self._inner + "/report"}
        self._process = Process(place, arguments, self._inner, environment)
        try:
            self._process.wait_until_ready()
            with open(self._outer + "/report.truth") as file:
                self.truth = json.load(file)
        except BaseException:
            self.close()
            raise
        self.pid = self._process.pid

    def close(self):
        self._process.__exit__()

    def by_pid(self, command="asyncio ps --json --waits"):
        """From an empty GDB: (document, (clock before, clock after))."""
        before = time.monotonic()
        line = "%s --output %s/pid --pid %d" % (command, self._outer, self.pid)
        done = by_pid(line)
        return self._read("pid", done), (before, time.monotonic())

    def attached(self, command="asyncio ps --json --waits"):
        options = debugger.without_symbols(self.place, self.interpreter.command)
        line = "%s --output %s/attached" % (command, self._outer)
        return self._read("attached", debugger.gdb(options + ["-p", str(self.pid), "-ex", line]))

    def core(self):
        """Have the kernel write a core. Returns its path; raises Absent."""
        kernel_writes_cores_here()
        self._process.crash()
        return glob.glob(self._outer + "/core*")[0]

    def of_core(self, core, command="asyncio ps --json --waits"):
        options = debugger.without_symbols(self.place, self.interpreter.command)
        line = "%s --output %s/core.json" % (command, self._outer)
        done = debugger.gdb(options + debugger.each(["core-file " + core, line]))
        return self._read("core.json", done)

    def _read(self, name, done):
        path = "%s/%s" % (self._outer, name)
        assert os.path.exists(path), done.errors + done.output
        with open(path, encoding="utf-8") as file:
            return json.load(file)


@functools.lru_cache(maxsize=None)
def says(command, word):
    """True if the help of a command has the word."""
    return word in by_pid("asyncio %s --help" % command).output
