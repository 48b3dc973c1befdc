# SPDX-License-Identifier: MIT
"""`asyncio doctor` leads to the cause: on what can be read, and on what cannot."""

import glob
import itertools
import json
import os
import re
import subprocess

import debugger
import pytest
from cells import Process, kernel_writes_cores_here
from interpreter import OWN
from place import Absent

pytestmark = pytest.mark.usefixtures("library")

PROGRAM = "waiting"
NOBODY = 65534
# Some are looked at twice: the order of tests is not ours.
NUMBERS = itertools.count()


def text_of(done):
    """The report. That it is one: it answers, and fits a terminal."""
    assert done.status == 0, done.errors
    start = done.output.index("aiodbg ")
    text = done.output[start:]
    long = [line for line in text.splitlines() if len(line) > 100 and " /" not in line]
    assert not long
    return text


def facts(text):
    """Label: facts, of all sections. A continued line belongs to the one before."""
    found, label = {}, None
    for line in text.splitlines():
        if not line.startswith("  "):
            label = None
            continue
        label = line[2:22].strip() or label
        found.setdefault(label, []).append(line[22:].strip())
    return {label: " ".join(parts) for label, parts in found.items()}


def section_of(text, name):
    """Its facts, as lines."""
    lines = text.split("\n%s\n" % name)[1].splitlines()
    return list(itertools.takewhile(lambda line: line.startswith("  "), lines))


def doctor(options, command="asyncio doctor", prefix=()):
    return text_of(debugger.gdb(list(options) + ["-ex", command], prefix=prefix))


def segments(core):
    """(address, offset, size) of what is in a core."""
    output = subprocess.run(["readelf", "-lW", core], stdout=subprocess.PIPE).stdout.decode()
    found = re.findall(r"^\s*LOAD\s+0x(\S+) 0x(\S+) 0x\S+ 0x(\S+)", output, re.MULTILINE)
    for offset, address, size in found:
        yield int(address, 16), int(offset, 16), int(size, 16)


class Seen:
    """A program under one Python: the reports on the process, and its core."""

    def __init__(self, place, interpreter):
        self.place = place
        self.files = debugger.without_symbols(place, interpreter.command)
        inner = place.folder("doctor-%s-%d" % (interpreter.name, next(NUMBERS)))
        self._outer = place.outer(inner)
        arguments = [interpreter.command, "-B", place.inner_program(PROGRAM)]
        with Process(place, arguments, inner).wait_until_ready() as process:
            self.pid = process.pid
            self.live = doctor(self.files + ["-p", str(process.pid)])
            self.by_pid = doctor([], "asyncio doctor %d" % process.pid)
            self.denied = doctor(
                [],
                "asyncio doctor %d" % process.pid,
                ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"],
            )
            process.crash()
        self.gone = doctor([], "asyncio doctor %d" % self.pid)
        cores = glob.glob(self._outer + "/core*")
        self.core = cores[0] if cores else None

    def of_core(self, core, options):
        """The report on it, or on a changed one."""
        commands = debugger.each(["core-file " + core, "asyncio doctor"])
        return text_of(debugger.gdb(options + commands))

    def changed_core(self, name, change):
        """A copy of the core, with its bytes changed."""
        with open(self.core, "rb") as file:
            data = bytearray(file.read())
        path = "%s/%s" % (self._outer, name)
        with open(path, "wb") as file:
            file.write(change(data))
        return path


@pytest.fixture(scope="module")
def seen(interpreter, place):
    return Seen(place, interpreter)


@pytest.fixture
def core(seen):
    try:
        kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))
    return seen.core


def publishes(interpreter):
    return interpreter.version >= (3, 13)


def test_good_process(seen, interpreter):
    """Of files without symbols, as all here are."""
    found = facts(seen.live)
    version = "%d.%d." % interpreter.version
    assert found["CPython"].startswith(version)
    assert found["result"].startswith("CPython " + version)
    assert found["result"].endswith("pending tasks, all read")
    assert found["build"] == interpreter.build
    assert found["process"] == str(seen.pid)
    assert found["read by"].startswith("GDB ")
    assert "interpreter 0, loop 0x" in found[str(seen.pid)]
    assert found["table"].startswith("CPython " + version[:-1])
    assert ("runtime" in found["published"]) == publishes(interpreter)
    assert "likely reason" not in found
    assert "Could not be read" not in seen.live
    pending = int(found["result"].split()[2])
    assert found["found"].startswith("%d: %d pending" % (pending, pending))
    listed = found["lists of threads" if interpreter.version >= (3, 14) else "_all_tasks"]
    if interpreter.version < (3, 12) or interpreter.version >= (3, 14):
        assert listed.split(",")[0] == str(pending)


def test_process_by_its_id(seen):
    """What is in it is the same."""
    assert facts(seen.by_pid)["read by"] == "aiodbg, without stopping it"
    for section in ("Runtime", "Layout", "Interpreters", "Threads", "Tasks"):
        assert section_of(seen.live, section) == section_of(seen.by_pid, section)


def test_no_permission(seen):
    result = facts(seen.denied)["result"]
    assert "no permission to read process %d" % seen.pid in result
    assert "run the debugger as that user or as root" in result


def test_process_that_is_gone(seen):
    assert "no process %d" % seen.pid in facts(seen.gone)["result"]


def test_core(seen, core):
    found = facts(seen.of_core(core, seen.files))
    assert found["core"] == str(seen.pid)
    assert found["result"].endswith("pending tasks, all read")


def test_core_without_executable(seen, core, interpreter):
    text = seen.of_core(core, debugger.WITHOUT_FILES)
    found = facts(text)
    if publishes(interpreter):
        assert "by a search in memory" in found["_PyRuntime"]
        assert "python" in found["in the file"]
        assert "pending tasks" in found["result"]
        return
    assert "nothing can be read" in found["result"]
    assert "older than 3.13" in found["likely reason"]
    assert "set sysroot FOLDER" in found["what to do"]
    for looked_for in (".PyRuntime: none", "_PyRuntime: none", '"xdebugpy": none'):
        assert looked_for in text


@pytest.mark.parametrize("percent", [5, 50])
def test_truncated_core(seen, core, percent):
    path = seen.changed_core("truncated", lambda data: data[: len(data) * percent // 100])
    found = facts(seen.of_core(path, seen.files))
    assert "the core is cut off" in found["likely reason"]
    assert "ulimit -c" in found["what to do"]
    assert "cannot be read to their end" in found["memory"]


def test_damaged_core(seen, core):
    """Three tasks are zeros."""
    shown = "%s.json" % core
    commands = ["core-file " + core, "asyncio ps --json --output " + shown]
    assert debugger.gdb(seen.files + debugger.each(commands)).status == 0
    with open(shown, encoding="utf-8") as file:
        ids = [int(task["id"], 16) for task in json.load(file)["tasks"]][-3:]

    def damage(data):
        for start, offset, size in segments(core):
            for task in ids:
                if start <= task < start + size:
                    data[offset + task - start : offset + task - start + 64] = bytes(64)
        return data

    text = seen.of_core(seen.changed_core("damaged", damage), seen.files)
    found = facts(text)
    assert found["result"].endswith("read in part")
    assert "damaged its own memory" in found["likely reason"]
    assert "\nCould not be read\n" in text
    assert "0x%x" % ids[0] in text.split("\nCould not be read\n")[1]


@pytest.mark.since(3, 13)
def test_other_executable(seen, core):
    """The debugger was given the executable of another program that has Python in it."""
    if not os.path.exists(OWN):
        pytest.skip("no " + OWN)
    options = ["-iex", "set sysroot /nonexistent", "-iex", "set debug-file-directory /nonexistent"]
    found = facts(seen.of_core(core, options + [OWN]))
    assert found["result"].endswith("pending tasks, all read")
    assert "by a search in memory" in found["_PyRuntime"]


def test_process_without_python():
    sleeping = subprocess.Popen(["sleep", "600"])
    try:
        options = ["-iex", "set debug-file-directory /nonexistent", "-p", str(sleeping.pid)]
        texts = [doctor(options), doctor([], "asyncio doctor %d" % sleeping.pid)]
    finally:
        sleeping.kill()
        sleeping.wait()
    for text in texts:
        found = facts(text)
        assert "no CPython here" in found["result"]
        assert "the program is no CPython" in found["likely reason"]
        assert "take the process id of that child" in found["what to do"]
        for looked_for in (".PyRuntime: none", "_PyRuntime: none", '"xdebugpy": none'):
            assert looked_for in text


def test_nothing_to_look_at():
    done = debugger.gdb(["-ex", "asyncio doctor"])
    assert done.status != 0
    assert "no process and no core" in done.errors
