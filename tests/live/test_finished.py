"""Tasks that have ended: those that the program says are still to be had, with how they ended."""

import glob
import itertools
import json
import os
import re
import subprocess
import sys

import debugger
import lldb_debugger
import program
import pytest
from cells import Process, kernel_writes_cores_here
from place import CHECKOUT, Absent
from program import by_pid

pytestmark = [pytest.mark.debug, pytest.mark.families]
NUMBERS = itertools.count()
HERE = os.path.dirname(os.path.abspath(__file__))
FILTER = "--with state=finished --with state=cancelled"


class Running:
    def __init__(self, place, interpreter):
        inner = place.folder("finished-%d" % next(NUMBERS))
        self.place, self.folder = place, place.outer(inner)
        self.output = self.folder + "/output"
        self.with_names = interpreter.version >= (3, 8)
        arguments = [interpreter.command, "-B", place.inner_program("finished")]
        self.process = Process(place, arguments, inner).wait_until_ready()
        stated = json.loads(self.process._process.stdout.readline().decode())
        self.pid = self.process.pid
        self.ended = {id: one for id, one in stated.items() if one[1]}
        self.pending = {id for id, one in stated.items() if not one[1]}

    def text(self, line):
        line = "asyncio %s --pid %d --output %s" % (line, self.pid, self.output)
        done = by_pid(line)
        assert done.status == 0, done.errors
        with open(self.output, encoding="utf-8") as file:
            return file.read()


@pytest.fixture(scope="module")
def running(interpreter, place):
    found = Running(place, interpreter)
    yield found
    found.process.__exit__()


def rows_of(text):
    """{id: (name, how it ended)}."""
    rows = re.findall(r"^\d+ +(0x\w+) +(\S+) .*?0x0 +(.*)$", text, re.MULTILINE)
    return {id: [name, how] for id, name, how in rows}


def test_all_are_listed(running):
    assert rows_of(running.text("ps " + FILTER)) == running.ended


def test_one_state(running):
    cancelled = {id: one for id, one in running.ended.items() if one[1] == "cancelled"}
    assert rows_of(running.text("ps --with state=cancelled")) == cancelled
    assert rows_of(running.text("ps --with state=fin*")).keys() == running.ended.keys() - cancelled


def test_document(running):
    document = json.loads(running.text("ps --json " + FILTER))
    found = {}
    for task in document["tasks"]:
        how = task["state"]
        if how == "finished":
            raised = task["exception"]
            how = "raised " + raised if raised else "returned " + task["result"]
        found[task["id"]] = [task["name"], how]
    assert found == running.ended


def test_plain_listing_has_only_pending_ones(running):
    shown = set(re.findall(r"^\d+ +(0x\w+)", running.text("ps"), re.MULTILINE))
    assert running.pending <= shown
    assert not shown & running.ended.keys()


def test_each_can_be_looked_at(running):
    for id, (name, how) in running.ended.items():
        text = running.text("task " + id)
        assert name in text.splitlines()[0]
        assert ("cancelled" if how == "cancelled" else how.split(" ", 1)[1]) in text


def test_scripts_outside_of_debuggers(running):
    call = "import scripting_inside; scripting_inside.dump_waits(%r, pid=%d)"
    done = subprocess.run(
        [sys.executable, "-B", "-c", call % (running.output, running.pid)],
        env=dict(os.environ, PYTHONPATH=HERE + ":" + CHECKOUT + "/core/python"),
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert ended_in(running.output) == running.ended


def test_scripts_in_gdb(running):
    done = debugger.gdb(debugger.each(scripted(running, "source %s", "python ")))
    assert done.status == 0, done.errors
    assert ended_in(running.output) == running.ended


@pytest.mark.parametrize("which", lldb_debugger.LLDBS)
def test_scripts_in_lldb(running, which, lldbs):
    load, call = "command script import %s", "script scripting_inside."
    done = lldbs[which].run(scripted(running, load, call))
    assert done.status == 0, done.errors
    assert ended_in(running.output) == running.ended


def scripted(running, load, call):
    """Commands of a debugger that works on nothing."""
    called = "dump_waits('%s', pid=%d)" % (running.output, running.pid)
    return [load % (HERE + "/scripting_inside.py"), call + called]


def ended_in(path):
    """As the program states it; and the same snapshot has the rest."""
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    (loop,) = found["loops"]
    assert loop[1] == "idle" and loop[2] in [thread[1] for thread in found["threads"]]
    assert all(thread[2] for thread in found["threads"])
    assert any(wait and wait[0] == "sleeps" for wait in waits_of(found))
    assert any("pool" in frame for frames in found["locals"].values() for frame in frames)
    ended = {}
    for id, (name, state, result, exception) in found["ended"].items():
        how = "raised " + exception if exception else "returned " + result if result else state
        ended[id] = [name, how]
    return ended


def waits_of(found):
    return [text and text.split() for text, _ in found["waits"].values()]


@pytest.mark.parametrize("which", lldb_debugger.LLDBS)
def test_lldb(running, which, lldbs):
    done = lldbs[which].run(["asyncio ps --pid %d %s" % (running.pid, FILTER)])
    assert done.status == 0, done.errors
    assert rows_of(done.output) == running.ended


def test_core(running):
    """The program has ended; this one comes last."""
    try:
        kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))
    running.process.crash()
    (core,) = glob.glob(running.folder + "/core*")
    sysroot = running.place.path or None
    status, text, errors = program.run("ps " + FILTER, core, sysroot)
    assert status == 0, errors
    assert rows_of(text) == running.ended
    for id, (name, how) in running.ended.items():
        status, text, errors = program.run("task " + id, core, sysroot)
        assert status == 0 and name in text.splitlines()[0], errors
        assert ("cancelled" if how == "cancelled" else how.split(" ", 1)[1]) in text
