# SPDX-License-Identifier: MIT
"""Whose process it is: children that fork has copied, and processes that are stopped."""

import glob
import itertools
import json
import os
import shutil
import signal
import subprocess
import time

import debugger
import pytest
from cells import Process, kernel_writes_cores_here
from lldb_debugger import NAMES
from program import by_pid

pytestmark = [pytest.mark.usefixtures("library"), pytest.mark.optional]

# Some are made twice: the order of tests is not ours.
NUMBERS = itertools.count()
KINDS = ("callback", "coroutine", "loop", "process", "thread")


class Family:
    """A process that has forked, and its children by kind."""

    def __init__(self, place, interpreter):
        self.place = place
        self.interpreter = interpreter
        program = place.inner_folder + "/programs/processes/forking.py"
        self.process = Process(place, [interpreter.command, "-B", program]).wait_until_ready()
        self.pid = self.process.pid
        lines = [self.process._process.stdout.readline().decode().split() for _ in KINDS]
        self.children = {kind: int(pid) for kind, pid in lines}
        assert tuple(sorted(self.children)) == KINDS


@pytest.fixture(scope="module")
def family(interpreter, place):
    found = Family(place, interpreter)
    yield found
    found.process.__exit__()


def document(command, options=()):
    line = "asyncio %s --json" % command
    return first_document(debugger.gdb(options + ["-ex", line]) if options else by_pid(line))


def first_document(done):
    """The debugger prints lines of its own before and after."""
    assert done.status == 0, done.errors
    text = done.output[done.output.index('{"') :]
    return json.JSONDecoder().raw_decode(text)[0]


def function(task):
    """Of the task's outermost frame, which says which task it is."""
    return task["stack"][-1]["function"] if task["stack"] else None


def check_child(family, kind, tasks):
    """That what is the parent's is called a copy, and only that."""
    own = [task for task in tasks if function(task) == "own"]
    copies = [task for task in tasks if function(task) != "own"]
    assert len(own) == (kind == "loop")
    assert not any("copy" in task for task in own)
    assert all(task["copy"] is True and task["state"] == "pending" for task in copies)
    # Later CPython itself forgets them.
    if family.interpreter.version < (3, 14):
        assert {function(task) for task in copies} == {"main", "wait"}


def test_parent_has_no_copies(family):
    tasks = document("pstree %d" % family.pid)["tasks"]
    assert {function(task) for task in tasks} == {"main", "wait"}
    assert not any("copy" in task for task in tasks)


@pytest.mark.parametrize("kind", KINDS)
def test_child(family, kind):
    check_child(family, kind, document("pstree %d" % family.children[kind])["tasks"])


@pytest.mark.families
@pytest.mark.parametrize("kind", ("coroutine", "loop"))
def test_child_attached(family, kind):
    options = debugger.without_symbols(family.place, family.interpreter.command)
    options += ["-p", str(family.children[kind])]
    check_child(family, kind, document("pstree", options)["tasks"])


@pytest.mark.families
@pytest.mark.parametrize("kind", ("coroutine", "loop"))
def test_child_in_core(family, kind, tmp_path):
    core = str(tmp_path / "core")
    options = debugger.without_symbols(family.place, family.interpreter.command)
    written = debugger.gdb(
        options + ["-p", str(family.children[kind]), "-ex", "gcore " + core]
    )
    assert os.path.exists(core), written.errors
    check_child(family, kind, document("pstree", options + [core])["tasks"])


@pytest.mark.only((3, 11), (3, 12), (3, 13))
@pytest.mark.parametrize("lldb", NAMES[:1], indirect=True)
def test_child_in_lldb(family, lldb):
    if not lldb.reaches(family.place):
        pytest.skip("is of another place")
    pid = family.children["coroutine"]
    done = lldb.run(["process attach --pid %d" % pid, "asyncio pstree --json", "detach"])
    check_child(family, "coroutine", first_document(done)["tasks"])


@pytest.mark.before(3, 14)
def test_text_marks_copies(family):
    for command in "ps", "pstree":
        done = by_pid("asyncio %s %d" % (command, family.children["coroutine"]))
        assert done.output.count("[copied by fork]") == 2
        assert "[running]" not in done.output


@pytest.mark.before(3, 14)
def test_why_does_not_judge_copies(family):
    answer = document("why %d" % family.children["coroutine"])
    assert answer["verdicts"] == []
    assert [loop["state"] for loop in answer["loops"]] == ["copied by fork"]


# --- Stopped processes ---------------------------------------------------------------------------


def last_line(line):
    return by_pid(line).output.splitlines()[-1]


@pytest.mark.parametrize("command", ("ps", "pstree"))
def test_stopped_by_a_signal(family, command):
    ask = "asyncio %s %d" % (command, family.pid)
    stopped = "Process %d is stopped by a signal, a debugger or its control group." % family.pid
    assert last_line(ask) != stopped
    os.kill(family.pid, signal.SIGSTOP)
    try:
        assert last_line(ask) == stopped
    finally:
        os.kill(family.pid, signal.SIGCONT)


@pytest.mark.families
def test_stopped_by_a_debugger(family):
    """Another one is named; that we have stopped it ourselves is not news."""
    look = "asyncio pstree %d" % family.pid
    with subprocess.Popen(
        ["gdb", "-nx", "-q", "-p", str(family.pid), "-ex", "echo ATTACHED\\n"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as other:
        while b"ATTACHED" not in other.stdout.readline():
            pass
        assert "is stopped by a signal, a debugger" in last_line(look)
        other.communicate(b"detach\nquit\n")
    done = debugger.gdb(["-p", str(family.pid), "-ex", look])
    assert "(T)" in done.output and "is stopped by" not in done.output


@pytest.mark.families
@pytest.mark.parametrize("lldb", NAMES[:1], indirect=True)
def test_stopped_by_lldb(family, lldb):
    if not lldb.reaches(family.place):
        pytest.skip("is of another place")
    done = lldb.run(["process attach --pid %d" % family.pid, "asyncio pstree %d" % family.pid])
    assert "(T)" in done.output and "is stopped by" not in done.output


# The file that freezes a control group, and what to write there: version 2, the same beside version
# 1, and version 1.
FREEZERS = {
    "v2": ("/sys/fs/cgroup", "cgroup.freeze", "1", "0"),
    "hybrid": ("/sys/fs/cgroup/unified", "cgroup.freeze", "1", "0"),
    "v1": ("/sys/fs/cgroup/freezer", "freezer.state", "FROZEN", "THAWED"),
}


@pytest.fixture(params=FREEZERS)
def frozen(request, family):
    """The family's first process, in a control group that is frozen."""
    mount, file, freeze, thaw = FREEZERS[request.param]
    group = "%s/aiodbg-%d" % (mount, os.getpid())
    try:
        os.mkdir(group)
    except OSError as error:
        pytest.skip("no such control groups: %s" % error)
    try:
        if not os.path.exists("%s/%s" % (group, file)):
            pytest.skip("no freezer")
        write(group + "/cgroup.procs", str(family.pid))
        write("%s/%s" % (group, file), freeze)
        time.sleep(0.5)
        yield family.pid
        write("%s/%s" % (group, file), thaw)
        write(mount + "/cgroup.procs", str(family.pid))
    finally:
        os.rmdir(group)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


@pytest.mark.only((3, 11))
def test_frozen(frozen):
    stopped = "Process %d is stopped by a signal, a debugger or its control group." % frozen
    assert last_line("asyncio pstree %d" % frozen) == stopped
    done = by_pid("asyncio why %d" % frozen)
    assert "STOPPED" in done.output and "LOOP" not in done.output, done.output


# --- Where to look instead -----------------------------------------------------------------------

# Stands for a program on other frameworks: what counts is which modules are loaded.
OTHERS = """
import os, sys, time, types
for name in "trio", "gevent":
    sys.modules[name] = types.ModuleType(name)
print("READY", os.getpid(), flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("attached", (False, True), ids=("by PID", "attached"))
def test_supervisor_names_its_children(interpreter, place, attached):
    program = place.inner_folder + "/programs/processes/supervisor.py"
    with Process(place, [interpreter.command, "-B", program]).wait_until_ready() as process:
        lines = [process._process.stdout.readline().split() for _ in range(2)]
        children = sorted(int(pid) for _, pid in lines)
        if attached:
            options = debugger.without_symbols(place, interpreter.command)
            options += ["-p", str(process.pid), "-ex", "asyncio pstree"]
            output = debugger.gdb(options).output
        else:
            output = by_pid("asyncio pstree %d" % process.pid).output
    assert "No asyncio tasks: " in output
    names = "%d, %d: asyncio ps %d" % (children[0], children[1], children[0])
    assert "2 child processes run Python: " + names in output


def test_other_frameworks_are_named(interpreter, place):
    command = [interpreter.command, "-c", OTHERS]
    with Process(place, command).wait_until_ready() as process:
        output = by_pid("asyncio ps %d" % process.pid).output
    assert "asyncio was never imported.\nLoaded, and not shown by aiodbg: trio, gevent.\n" in output


# --- A debugger without the executable -----------------------------------------------------------


WAITS = """
import asyncio, os
async def wait():
    print("READY", os.getpid(), flush=True)
    await asyncio.sleep(3600)
asyncio.run(wait())
"""


@pytest.fixture(params=("deleted", "replaced"))
def orphan(request, interpreter, place, tmp_path):
    """A process whose executable is no longer there, or another one."""
    executable = tmp_path / "python"
    shutil.copy(place.outer(interpreter.command), executable)
    home = os.path.dirname(os.path.dirname(os.path.realpath(interpreter.command)))
    command = [str(executable), "-c", WAITS]
    with Process(place, command, environment={"PYTHONHOME": home}).wait_until_ready() as process:
        executable.unlink()
        if request.param == "replaced":
            shutil.copy("/usr/bin/true", executable)
        yield process.pid


@pytest.mark.families
@pytest.mark.before(3, 13)
def test_gdb_without_the_executable(orphan):
    done = debugger.gdb(["-p", str(orphan), "-ex", "asyncio pstree"])
    assert "(T) Task-1" in done.output, done.errors


@pytest.mark.families
@pytest.mark.before(3, 13)
@pytest.mark.parametrize("lldb", NAMES[:1], indirect=True)
def test_lldb_without_the_executable(orphan, lldb):
    done = lldb.run(["process attach --pid %d" % orphan, "asyncio pstree", "detach"])
    assert "(T) Task-1" in done.output, done.errors


# An executable on a file system that is nowhere else.
CONTAINER = 'mount -t tmpfs none $1 && cp $2 $1/python && shift 2 && exec "$@"'


@pytest.fixture
def contained(interpreter, place):
    """A process in a mount namespace of its own, whose executable and root folder others lack."""
    inner = place.folder("contained-%d" % next(NUMBERS))
    home = os.path.dirname(os.path.dirname(os.path.realpath(interpreter.command)))
    command = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", CONTAINER, "sh", inner, interpreter.command]
    command += [inner + "/python", "-c", WAITS]
    with Process(place, command, environment={"PYTHONHOME": home}).wait_until_ready() as process:
        yield process.pid


def test_in_a_mount_namespace(contained):
    done = by_pid("asyncio pstree %d" % contained)
    assert "(T) Task-1" in done.output, done.errors
    done = by_pid("asyncio why %d" % contained)
    assert "IDLE" in done.output and " 1  timer" in done.output, done.output


@pytest.mark.families
def test_gdb_in_a_mount_namespace(contained):
    done = debugger.gdb(["-p", str(contained), "-ex", "asyncio pstree"])
    assert "(T) Task-1" in done.output, done.errors


@pytest.mark.families
@pytest.mark.parametrize("lldb", NAMES[:1], indirect=True)
def test_lldb_in_a_mount_namespace(contained, lldb):
    done = lldb.run(["process attach --pid %d" % contained, "asyncio pstree", "detach"])
    assert "(T) Task-1" in done.output, done.errors


@pytest.mark.families
def test_sysroot_of_another_place(interpreter, place):
    """As of a container that is looked at from outside."""
    with Process(place, [interpreter.command, "-c", WAITS]).wait_until_ready() as process:
        options = ["-iex", "set sysroot " + (place.path or "/"), "-p", str(process.pid)]
        done = debugger.gdb(options + ["-ex", "asyncio pstree"])
    assert "(T) Task-1" in done.output, done.errors


# --- Cores without private memory ----------------------------------------------------------------

NO_PRIVATE = "echo %s > /proc/self/coredump_filter && exec \"$@\""


@pytest.fixture(params=("0x0", "0x10"))
def empty_core(request, place, interpreter, tmp_path):
    kernel_writes_cores_here()
    command = ["sh", "-c", NO_PRIVATE % request.param, "sh", interpreter.command, "-c", WAITS]
    folder = place.folder("core-%s-%d" % (request.param, next(NUMBERS)))
    with Process(place, command, folder).wait_until_ready() as process:
        process.crash()
    return glob.glob(place.outer(folder) + "/core*")[0]


def leads_to_the_filter(text):
    return "without the program's own memory" in " ".join(text.split()) and "coredump_filter" in text


@pytest.mark.only((3, 8), (3, 11), (3, 15))
def test_gdb_says_that_a_core_has_no_private_memory(empty_core, interpreter, place):
    options = debugger.without_symbols(place, interpreter.command)
    done = debugger.gdb(options + [empty_core, "-ex", "asyncio doctor"])
    assert leads_to_the_filter(done.output), done.output


@pytest.mark.only((3, 8), (3, 11))
@pytest.mark.parametrize("lldb", NAMES[:1], indirect=True)
def test_lldb_says_that_a_core_has_no_private_memory(empty_core, interpreter, lldb):
    create = "target create %s --core %s" % (interpreter.command, empty_core)
    done = lldb.run([create, "asyncio doctor"])
    assert leads_to_the_filter(done.output), done.output


# --- Sources that have changed -------------------------------------------------------------------


def test_lines_of_changed_sources_are_no_facts(interpreter, place):
    inner = place.folder("changed-%d" % next(NUMBERS)) + "/program.py"
    with open(place.outer(inner), "w") as file:
        file.write(WAITS)
    with Process(place, [interpreter.command, inner]).wait_until_ready() as process:
        by_pid = ["-ex", "asyncio task Task-1"]
        options = debugger.without_symbols(place, interpreter.command)
        attached = options + ["-p", str(process.pid)] + by_pid
        assert "await asyncio.sleep(3600)" in debugger.gdb(attached).output
        with open(place.outer(inner), "w") as file:
            file.write("import os\n\n" + WAITS)
        later = time.time() + 10
        os.utime(place.outer(inner), (later, later))
        output = debugger.gdb(attached).output
    assert "await asyncio.sleep(3600)" not in output and "(changed since)" in output
