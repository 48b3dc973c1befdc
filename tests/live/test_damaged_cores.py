"""Cores that are cut, overwritten, or of something else: an answer that says so, or one line."""

import glob
import itertools
import json
import os
import random
import re
import resource
import shutil
import subprocess

import debugger
import pytest
from cells import Process, kernel_writes_cores_here
from compare import by_id
from interpreter import INTERPRETERS
from place import CHECKOUT, Absent
from test_doctor import facts, segments

PROGRAM = "waiting"
FREED = os.path.join(CHECKOUT, "tests", "live", "freed_awaiter.py")
# Bytes that `ulimit -c` leaves: the list of segments, and the first of them.
LIMITS = (1 << 16, 1 << 20, 4 << 20)
STACK = 0x7FF000000000
NOISE = bytes(random.Random(1).getrandbits(8) for _ in range(99999))
# Some are looked at twice.
NUMBERS = itertools.count()

pytestmark = [pytest.mark.required, pytest.mark.only((3, 11), (3, 14))]


class Crashed:
    """A program under one Python that has crashed: its core, and what is shown of it."""

    def __init__(self, place, interpreter, name, arguments, limit=None):
        self.place = place
        self.command = interpreter.command
        self._inner = place.folder("damaged-%s-%s" % (interpreter.name, name))
        self.folder = place.outer(self._inner)
        with Process(place, arguments, self._inner) as process:
            process.wait_until_ready()
            if limit is not None:
                limits = resource.prlimit(process.pid, resource.RLIMIT_CORE)
                resource.prlimit(process.pid, resource.RLIMIT_CORE, (limit, limits[1]))
            process.crash()
        self.core = next(iter(glob.glob(self.folder + "/core*")), None)

    def changed(self, name, change):
        """A copy of the core; change gets its bytes, which it may change, or returns others."""
        with open(self.core, "rb") as file:
            data = bytearray(file.read())
        path = "%s/%s" % (self.folder, name)
        with open(path, "wb") as file:
            file.write(change(data) or data)
        return path

    def gdb(self, core, command, executable=None):
        options = debugger.without_symbols(self.place, self.command)
        options[-1] = executable or options[-1]
        return debugger.gdb(options + debugger.each(["core-file " + core, "asyncio " + command]))

    def lldb(self, lldb, core, command, executable=None):
        files = core, executable or self.place.outer(self.command)
        seen = tuple(lldb.path(self.place, file[len(self.place.path) :]) for file in files)
        return lldb.run(["target create --core %s %s" % seen, "asyncio " + command])

    def shown(self, core, executable=None, lldb=None):
        """The document, or None after one line that leads on. Never anything else."""
        name = "%d.json" % next(NUMBERS)
        path = "%s/%s" % (self.folder, name)
        if lldb:
            output = lldb.path(self.place, "%s/%s" % (self._inner, name))
            done = self.lldb(lldb, core, "ps --json --output " + output, executable)
        else:
            done = self.gdb(core, "ps --json --output " + path, executable)
        assert "Traceback" not in done.errors
        if done.status == 0:
            with open(path) as file:
                return json.load(file)
        assert not os.path.exists(path)
        [line] = [line for line in done.error_lines() if "asyncio doctor" in line]
        assert re.search(" at 0x[0-9a-f]+;|no CPython here|its build id is [0-9a-f]+,", line), line
        return None


@pytest.fixture(scope="module")
def crashed(interpreter, place):
    try:
        kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))
    arguments = [interpreter.command, "-B", place.inner_program(PROGRAM)]
    found = Crashed(place, interpreter, "whole", arguments)
    found.whole = found.shown(found.core)
    assert found.whole["complete"]
    return found


def is_part(shown, whole):
    """Tasks are those of the whole, or say what is wrong; and it is said if some are missing."""
    intact, mine = by_id(whole["tasks"]), by_id(shown["tasks"])
    for id, task in mine.items():
        assert task["errors"] or task == intact[id]
    if list(mine.values()) == list(intact.values()):
        return
    assert not shown["complete"]
    assert shown["errors"] or any(task["errors"] for task in mine.values())


@pytest.mark.parametrize("limit", LIMITS)
def test_limited_by_the_kernel(crashed, interpreter, place, limit):
    """By `ulimit -c`. What GDB has of the executable's data in its place is from before the start."""
    arguments = [interpreter.command, "-B", place.inner_program(PROGRAM)]
    limited = Crashed(place, interpreter, "limit-%d" % limit, arguments, limit)
    assert os.path.getsize(limited.core) < os.path.getsize(crashed.core) / 2
    shown = limited.shown(limited.core)
    assert shown is None or not shown["complete"]
    found = facts(limited.gdb(limited.core, "doctor").output)
    assert "the core is cut off" in found["likely reason"]


ZEROED = {
    "stack": lambda address, size: address >= STACK,
    "static data": lambda address, size: address < 1 << 32,
    "heap": lambda address, size: size >= 1 << 20 and address >= 1 << 32,
    "all": lambda address, size: True,
}


def zeros_in(core, chosen):
    """A change: the segments that are chosen by their address and size are zeros."""

    def change(data):
        for address, offset, size in segments(core):
            if chosen(address, size):
                data[offset : offset + size] = bytes(size)

    return change


@pytest.mark.parametrize("what", sorted(ZEROED))
def test_zeros(crashed, what):
    core = crashed.changed("zeros-" + what.replace(" ", "-"), zeros_in(crashed.core, ZEROED[what]))
    shown = crashed.shown(core)
    assert what == "stack" or not (shown and shown["complete"])
    if shown:
        is_part(shown, crashed.whole)


def test_one_task_of_zeros(crashed):
    """It keeps its place; all others are as they were."""
    whole = crashed.whole["tasks"]
    index = [task["name"] for task in whole].index("shield")
    task = int(whole[index]["id"], 16)

    def change(data):
        for address, offset, size in segments(crashed.core):
            if address <= task < address + size:
                data[offset + task - address : offset + task - address + 64] = bytes(64)

    shown = crashed.shown(crashed.changed("one", change))["tasks"]
    assert shown[index]["id"] == whole[index]["id"]
    assert whole[index]["id"] in shown[index]["errors"][0]["message"]
    for before, after in zip(whole, shown):
        # In 3.11 only the task itself knows whom it awaits, if not by callbacks.
        keys = [key for key in before if key != "awaited_by"]
        assert [after[key] for key in keys] == [before[key] for key in keys] or after["errors"]


def test_executable_of_another_version(crashed, interpreter, places):
    """One that publishes its place is found without it."""
    other = INTERPRETERS["3.13"]
    executable = places.of(other).outer(other.command)
    if crashed.shown(crashed.core, executable) is None:
        found = facts(crashed.gdb(crashed.core, "doctor", executable).output)
        assert "another build of a file than the program that ran" in found["likely reason"]
        assert "set sysroot FOLDER" in found["what to do"]


def test_program_that_is_no_python(crashed, interpreter, place):
    script = "echo READY $$; while :; do sleep 1; done"
    other = Crashed(place, interpreter, "shell", ["/bin/sh", "-c", script])
    assert other.shown(other.core, place.outer("/bin/sh")) is None
    assert other.shown(other.core) is None
    found = facts(other.gdb(other.core, "doctor").output)
    assert "another build of a file than the program that ran" in found["likely reason"]
    found = facts(other.gdb(other.core, "doctor", place.outer("/bin/sh")).output)
    assert "the program is no CPython" in found["likely reason"]


def test_in_lldb(crashed, place, lldb):
    """What reads the files is another library."""
    if not lldb.reaches(place):
        # It is in the root folder, and the program is not.
        return
    half = crashed.changed("half", lambda data: data[: len(data) // 2])
    assert not (crashed.shown(half, lldb=lldb) or {"complete": False})["complete"]
    zeros = crashed.changed("zeros", zeros_in(crashed.core, ZEROED["static data"]))
    assert crashed.shown(zeros, lldb=lldb) is None
    crashed.shown(crashed.core, place.outer("/bin/sh"), lldb)
    done = crashed.lldb(lldb, crashed.changed("none", lambda data: NOISE), "ps")
    assert done.status != 0 and "core file" in done.errors


def test_freed_awaiter(interpreter, place):
    """A task that an extension has dropped once too often: what awaited others is not shown as a
    task, and all others are as they are."""
    inner = place.folder("freed-" + interpreter.name)
    shutil.copy(FREED, place.outer(inner))
    arguments = [interpreter.command, "-B", inner + "/" + os.path.basename(FREED)]
    options = debugger.without_symbols(place, interpreter.command)
    with Process(place, arguments, inner, {"PYTHONMALLOC": "debug"}).wait_until_ready() as process:
        with open(place.outer(inner) + "/freed", encoding="ascii") as file:
            freed = file.read()
        commands = ["asyncio ps --json --output %s/ps.json" % place.outer(inner), "asyncio pstree"]
        done = debugger.gdb(options + ["-p", str(process.pid)] + debugger.each(commands))
    assert done.status == 0, done.errors
    with open(place.outer(inner) + "/ps.json") as file:
        shown = json.load(file)
    tasks = {task["name"]: task for task in shown["tasks"]}
    others = {"other %d" % i for i in range(5)}
    assert set(tasks) == others | {"Task-1", "child"}
    assert {edge["id"] for edge in tasks["child"]["awaited_by"]} == {tasks[i]["id"] for i in others}
    assert all(len(tasks[i]["awaited_by"]) == 1 and not tasks[i]["errors"] for i in others)
    assert freed not in {task["id"] for task in shown["tasks"]}
    assert not shown["complete"]
    assert "freed memory (all 0xdd) at " + freed in done.output


@pytest.mark.parametrize("content", [b"", NOISE], ids=["empty", "noise"])
def test_no_core_at_all(crashed, content, tmp_path):
    path = tmp_path / "core"
    path.write_bytes(content)
    done = crashed.gdb(str(path), "ps")
    assert done.status != 0
    assert "not a core dump" in done.error_lines()[0]
    assert "no process and no core" in done.error_lines()[1]
