"""Source lines: what a file has had when the program ran, and what is in no file at all."""

import glob
import itertools
import os
import time

import cells
import debugger
import pytest
from cells import Process
from place import Absent
from program import by_pid

pytestmark = [pytest.mark.usefixtures("library"), pytest.mark.only((3, 8), (3, 11), (3, 13), (3, 15))]

NUMBERS = itertools.count()

PROGRAM = """
import asyncio, functools, os

def decorated(name):
    return lambda function: function

@decorated(
    "first"
)
@decorated("second")
async def inner():
    await asyncio.sleep(3600)

async def outer():
    print("READY", os.getpid(), flush=True)
    await inner()

asyncio.run(outer())
"""

CELLS = """
import asyncio, linecache, os

def cell(name, text):
    lines = text.splitlines(True)
    linecache.cache[name] = (len(text), None, lines, name)
    exec(compile(text, name, "exec"), globals())

cell("<cell \\u00e9 1>", '''
async def in_cell():
    await asyncio.sleep(3600)  # in a cell
''')
cell("<cell 2>", '''
async def with_other_text():
    await in_cell()  # of the first run
''')
text = "async def another(): pass\\n" * 9
linecache.cache["<cell 2>"] = (len(text), None, text.splitlines(True), "<cell 2>")
linecache.cache["lazy"] = (lambda: "",)

async def main():
    print("READY", os.getpid(), flush=True)
    await with_other_text()

asyncio.run(main())
"""
SHOW = "asyncio task Task-1"


def changed(path, text, age):
    """Its file as it is after a change, age seconds after now."""
    with open(path, "w") as file:
        file.write(text)
    when = time.time() + age
    os.utime(path, (when, when))


class Shown:
    """What `asyncio task` shows by PID, attached, and of a core in GDB and each LLDB."""

    def __init__(self, place, interpreter, lldbs, text, change=None, arguments=None):
        inner = place.folder("sources-%d" % next(NUMBERS))
        path = inner + "/program.py"
        with open(place.outer(path), "w") as file:
            file.write(text)
        old = time.time() - 1000
        os.utime(place.outer(path), (old, old))
        options = debugger.without_symbols(place, interpreter.command)
        self.outputs = {}
        command = [interpreter.command] + (arguments or [path])
        with Process(place, command, inner).wait_until_ready() as process:
            if change:
                change(place.outer(path))
            line = "asyncio task --pid %d Task-1" % process.pid
            self.outputs["pid"] = by_pid(line).output
            attached = debugger.gdb(options + ["-p", str(process.pid), "-ex", SHOW])
            self.outputs["attached"] = attached.output
            process.crash()
        if change:
            change(place.outer(path))
        (core,) = glob.glob(place.outer(inner) + "/core*")
        self.outputs["core"] = debugger.gdb(options + [core, "-ex", SHOW]).output
        for name, lldb in lldbs.items():
            if lldb.reaches(place):
                files = [lldb.path(place, each) for each in (interpreter.command, core)]
                files[1] = lldb.path(place, core[len(place.path) :])
                # LLDB finds the program's paths as they are, so they have to be those here.
                opening = "settings set target.source-map / %s/" % lldb.path(place, "")
                create = "target create %s --core %s" % tuple(files)
                self.outputs[name] = lldb.run([opening, create, SHOW]).output

    def all_have(self, *texts):
        for name, output in self.outputs.items():
            for text in texts:
                assert text in output, "%s:\n%s" % (name, output)

    def none_has(self, text):
        for name, output in self.outputs.items():
            assert text not in output, "%s:\n%s" % (name, output)


@pytest.fixture(autouse=True)
def kernel_cores():
    try:
        cells.kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))


def test_unchanged(place, interpreter, lldbs):
    shown = Shown(place, interpreter, lldbs, PROGRAM)
    shown.all_have("await asyncio.sleep(3600)", "await inner()", "await ")
    shown.none_has("(changed since)")


def test_newer_than_process_and_core(place, interpreter, lldbs):
    """Though each definition is still where it was."""

    def change(path):
        changed(path, PROGRAM.replace("3600)", "1)"), 100)

    shown = Shown(place, interpreter, lldbs, PROGRAM, change)
    shown.none_has("await asyncio.sleep")
    shown.none_has("await inner()")
    shown.all_have("(changed since)")


def test_definition_that_moved(place, interpreter, lldbs):
    """A file that came with an older date, as from a package."""

    def change(path):
        changed(path, "# One line more.\n" + PROGRAM, -1000)

    shown = Shown(place, interpreter, lldbs, PROGRAM, change)
    shown.none_has("await asyncio.sleep(3600)")
    shown.none_has("await inner()")
    shown.all_have("(changed since)")


def test_cells(place, interpreter, lldbs):
    shown = Shown(place, interpreter, lldbs, CELLS)
    shown.all_have("# in a cell", "(changed since)", "await with_other_text()")
    shown.none_has("async def another")
    shown.none_has("of the first run")


@pytest.mark.since(3, 13)
def test_code_from_the_command_line(place, interpreter, lldbs):
    text = CELLS.replace("# in a cell", "# given to -c")
    shown = Shown(place, interpreter, lldbs, "", arguments=["-c", text])
    shown.all_have("# given to -c", "await with_other_text()")
