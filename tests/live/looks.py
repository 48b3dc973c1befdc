"""Every way to look at a program of stated.py: while it runs, and at the cores of it.

A look is a name and a function: of lines to what each of them answers, as a document.
"""

import glob
import json
import os
import subprocess

import debugger
from cells import kernel_writes_cores_here
from place import Absent
from program import PROGRAM
from root import Root

GCORE_SECONDS = 120


class Looks:
    def __init__(self, program, lldbs):
        self._program = program
        self._place = program.place
        self._lldbs = [one for one in lldbs.values() if one.reaches(program.place)]
        self._folder = program.place.folder("looks-%d" % program.pid)
        self._outer = program.place.outer(self._folder)
        self._count = 0

    def by_pid(self, pid=None):
        pid = pid or self._program.pid
        return "by PID", lambda lines: self._run_program(lines, ["--pid", str(pid)])

    def attached(self, pid=None):
        """In each debugger."""
        pid = pid or self._program.pid
        yield "attached, GDB", lambda lines: self._in_gdb(lines, ["attach %d" % pid])
        if self._has_own_gdb():
            yield "attached, own GDB", lambda lines: self._in_own_gdb(lines, "attach %d" % pid)
        for lldb in self._lldbs:
            yield self._of_lldb(lldb, ["process attach --pid %d" % pid], "attached")

    def gcore(self, pid=None):
        """Have GDB write a core. Returns its path."""
        path = "%s/gcore" % self._outer
        line = "generate-core-file " + path
        debugger.gdb(["-readnever"] + debugger.each(["attach %d" % (pid or self._program.pid), line]))
        assert os.path.exists(path)
        return path

    def crash(self):
        """Have the kernel write one, and end the program."""
        kernel_writes_cores_here()
        return self._program.core()

    def cores(self, core):
        yield "core", lambda lines: self._run_program(lines, ["CORE", core])

    def cores_in_debuggers(self, core):
        inner = core[len(self._place.path) :]
        yield "core, GDB", lambda lines: self._in_gdb(lines, ["core-file " + core])
        if self._has_own_gdb():
            yield "core, own GDB", lambda lines: self._in_own_gdb(lines, "core-file " + inner)
        for lldb in self._lldbs:
            seen = lldb.path(self._place, inner)
            before = []
            if lldb.home is not self._place and self._place.path:
                before = ["platform select --sysroot %s remote-linux" % self._place.path]
            command = lldb.path(self._place, self._program.interpreter.command)
            load = "target create %s --core %s" % (command, seen)
            yield self._of_lldb(lldb, before + [load], "core")

    def each_but_pid(self):
        """All other ways. The program ends by a crash, if the kernel writes cores here."""
        yield from self.attached()
        try:
            core = self.crash()
        except Absent:
            return
        yield from self.cores(core)
        yield from self.cores_in_debuggers(core)

    # Each way.

    def _run_program(self, lines, target):
        found = {}
        for line in lines:
            words = line.split()[1:]
            if target[0] == "CORE":
                words = [words[0], target[1]] + words[1:]
                words += ["--sysroot", self._place.path] if self._place.path else []
            else:
                words += target
            done = subprocess.run([PROGRAM] + words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert done.returncode == 0, (line, done.stderr.decode())
            found[line] = json.loads(done.stdout.decode())
        return found

    def _in_gdb(self, lines, before):
        options = debugger.without_symbols(self._place, self._program.interpreter.command)
        written = self._written(lines, self._outer)
        return self._read(lines, debugger.gdb(options + debugger.each(before + written)))

    def _has_own_gdb(self):
        return isinstance(self._place, Root) and self._place.has("gdb") and not self._framework()

    def _framework(self):
        """What is built here need not load in an older release."""
        return "bookworm" in self._place.path

    def _in_own_gdb(self, lines, before):
        library = os.environ.get("AIODBG_LIBRARY") or debugger.SCRIPT.replace(
            "gdb/aiodbg_gdb.py", "build/core/libaiodbg.so"
        )
        environment = {"AIODBG_LIBRARY": self._place.inner_machine(os.path.abspath(library))}
        options = ["-readnever", self._program.interpreter.command]
        done = debugger.gdb(
            options + debugger.each([before] + self._written(lines, self._folder)),
            prefix=self._place.command([], "/", environment),
            script=self._place.inner_checkout("gdb", "aiodbg_gdb.py"),
        )
        return self._read(lines, done)

    def _of_lldb(self, lldb, before, what):
        def ask(lines):
            folder = lldb.path(self._place, self._folder)
            return self._read(lines, lldb.run(before + self._written(lines, folder)))

        return "%s, %s" % (what, lldb.name), ask

    def _written(self, lines, folder):
        self._count += 1
        folder = "%s/%d" % (folder, self._count)
        os.mkdir("%s/%d" % (self._outer, self._count))
        return ["%s --output %s/%d" % (line, folder, at) for at, line in enumerate(lines)]

    def _read(self, lines, done):
        found = {}
        for at, line in enumerate(lines):
            path = "%s/%d/%d" % (self._outer, self._count, at)
            assert os.path.exists(path), (line, done.output + done.errors)
            with open(path, encoding="utf-8") as file:
                found[line] = json.load(file)
        return found


