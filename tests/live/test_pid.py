"""A process by its PID alone: from a debugger that has nothing loaded, without stopping it.

What is shown is what an attached debugger shows, for each Python; also if files of the process
are gone or replaced, by a user who may not look at what is mapped as such (/proc/PID/map_files);
and through tests/pidtree.c, which has no debugger. Who may not look at all is told why.
"""

import itertools
import json
import os
import re
import shutil
import subprocess

import compare
import debugger
import pytest
from cells import Process
from interpreter import INTERPRETERS, OWN
from place import CHECKOUT
from test_gdb_errors import WAITING, one_error

pytestmark = pytest.mark.usefixtures("library")

PROGRAM = "waiting"
NOBODY = "65534"
# Some are made twice: the order of tests is not ours.
NUMBERS = itertools.count()
AS_NOBODY = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]
# A process that is its own zombie child's parent, and prints the child's id.
ZOMBIE = """
import os, time
child = os.fork()
if not child:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print("READY", os.getpid(), flush=True)
print(child, flush=True)
time.sleep(600)
"""


class Quiet:
    """A process whose tasks all wait, and what it says of itself."""

    def __init__(self, place, interpreter):
        self.place = place
        self.interpreter = interpreter
        inner = place.folder("pid-%d" % next(NUMBERS))
        outer = self._outer = place.outer(inner)
        arguments = [interpreter.command, "-B", place.inner_program(PROGRAM)]
        environment = {"AIODBG_REPORT": inner + "/report"}
        self.process = Process(place, arguments, inner, environment).wait_until_ready()
        self.pid = self.process.pid
        with open(outer + "/report") as file:
            self.report = json.load(file)

    def attached(self, command="pstree"):
        """What a command prints, from a GDB that has stopped it."""
        options = debugger.without_symbols(self.place, self.interpreter.command)
        command = "asyncio %s --output %s/attached" % (command, self._outer)
        done = debugger.gdb(options + ["-p", str(self.pid), "-ex", command])
        assert done.status == 0, done.errors
        with open(self._outer + "/attached", encoding="utf-8") as file:
            return file.read()


@pytest.fixture(scope="module")
def quiet(interpreter, place):
    found = Quiet(place, interpreter)
    yield found
    found.process.__exit__()


def answer(done):
    """What it printed; that it is all."""
    assert done.status == 0, done.errors
    assert done.error_lines() == []
    return done.output


def tree(pid, prefix=()):
    """From an empty GDB."""
    return answer(debugger.gdb(["-ex", "asyncio pstree %d" % pid], prefix=prefix))


def whole_tree(pid, prefix=()):
    """The same, with all there is."""
    text = tree(pid, prefix)
    assert "Incomplete" not in text
    assert "(T) " in text
    return text


def state_of(pid):
    """As in /proc/PID/status: "S (sleeping)", and the process that traces it."""
    with open("/proc/%d/status" % pid) as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return status["State"], status["TracerPid"]


def pidtree(pid):
    program = os.path.join(CHECKOUT, "build", "tests", "pidtree")
    if not os.path.exists(program):
        pytest.skip("no %s" % program)
    command = [program, str(pid)]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True
    )


# --- The same as attached ------------------------------------------------------------------------


@pytest.mark.debug
def test_empty_gdb(quiet):
    assert tree(quiet.pid) == quiet.attached()


@pytest.mark.debug
def test_what_the_program_says(quiet):
    shown = json.loads(
        answer(debugger.gdb(["-ex", "asyncio ps --json --retries 0 %d" % quiet.pid]))
    )
    assert compare.with_program(shown, quiet.report) == []
    assert shown["target"] == {"kind": "process", "pid": quiet.pid}


@pytest.mark.parametrize("name", ["task", "graph"])
def test_one_task(quiet, name):
    """Not only its frames: files of the process are found as well."""
    for task in quiet.report["tasks"][:3]:
        command = "asyncio %s --pid %d --retries 0 %s" % (name, quiet.pid, task["id"])
        shown = answer(debugger.gdb(["-ex", command]))
        # What time it is, is known of a process that runs.
        shown = re.sub(r"sleeps [0-9,.]+ s more ", "sleeps ", shown)
        shown = re.sub(r"times out in [0-9,.]+ s", "has a timeout", shown)
        assert shown == quiet.attached("%s %s" % (name, task["id"]))
        assert task["name"] in shown


def test_empty_lldb(quiet, lldb):
    done = lldb.run(["asyncio pstree %d" % quiet.pid])
    assert done.status == 0, done.errors
    assert done.output == quiet.attached()


def test_gdb_elsewhere(quiet, root):
    """A GDB in a chroot and mount namespace, and the process in another one, or none."""
    if not root.has("gdb"):
        pytest.skip("no gdb in %s" % root.path)
    done = debugger.gdb(
        ["-ex", "asyncio pstree %d" % quiet.pid],
        prefix=root.command([], "/", {"LC_ALL": "C.UTF-8"}),
        script=root.inner_checkout("gdb", "aiodbg_gdb.py"),
    )
    assert answer(done) == quiet.attached()


def test_no_debugger(quiet):
    done = pidtree(quiet.pid)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == quiet.attached()


def test_it_is_not_stopped(quiet):
    """Neither traced nor stopped, and there is no trace of us afterwards."""
    before = state_of(quiet.pid)
    whole_tree(quiet.pid)
    assert state_of(quiet.pid) == before
    assert before[1] == "0"


def test_the_selected_process_is_another(quiet, places):
    """A PID wins over what the debugger works on, which is not disturbed."""
    place = places.get("host")
    with Process(place, [OWN, "-B", place.inner_program("chain")]).wait_until_ready() as other:
        options = debugger.without_symbols(place, OWN) + ["-p", str(other.pid)]
        commands = ["asyncio pstree %d" % quiet.pid, "echo MARK\\n", "asyncio pstree"]
        done = debugger.gdb(options + debugger.each(commands))
    first, second = done.output.split("MARK\n")
    assert first.endswith(quiet.attached())
    assert done.status == 0
    assert "(T)" in second
    assert second != quiet.attached()


# --- Files that are not there any more -----------------------------------------------------------


@pytest.fixture(params=["root", "nobody"])
def user(request):
    """Words in front of a command that is to be run by that user."""
    return [] if request.param == "root" else AS_NOBODY


@pytest.fixture
def copied(places, tmp_path_factory, user):
    """A program under a copy of Python that belongs to nobody else: (its PID, the copy)."""
    place = places.get("host")
    folder = place.folder("copied-%d" % next(NUMBERS))
    copy = place.outer(folder) + "/python3"
    shutil.copy(OWN, copy)
    arguments = [copy, "-B", place.inner_program("waiting")]
    with Process(place, user + arguments, "/").wait_until_ready() as process:
        yield process.pid, copy
    shutil.rmtree(place.outer(folder))


def test_executable_that_was_deleted(copied, user):
    pid, copy = copied
    before = whole_tree(pid, user)
    os.unlink(copy)
    assert whole_tree(pid, user) == before


def test_executable_that_was_replaced(copied, user):
    """By another program of the same name."""
    pid, copy = copied
    before = whole_tree(pid, user)
    shutil.copy("/bin/sleep", copy + ".new")
    os.rename(copy + ".new", copy)
    assert whole_tree(pid, user) == before


def shared_python():
    """A Python of this machine that has its code in a library: (command, that library)."""
    for interpreter in INTERPRETERS.values():
        if interpreter.place != "host":
            continue
        found = subprocess.run(["ldd", interpreter.command], stdout=subprocess.PIPE).stdout
        for line in found.decode().splitlines():
            words = line.split()
            if "libpython" in line and len(words) > 2:
                return interpreter.command, words[2]
    pytest.skip("no Python with a shared library")


@pytest.mark.optional
def test_library_that_was_deleted(places, user):
    """As after an upgrade of its package."""
    command, original = shared_python()
    place = places.get("host")
    folder = place.outer(place.folder("library-%d" % next(NUMBERS)))
    library = os.path.join(folder, os.path.basename(original))
    shutil.copy(original, library)
    home = os.path.dirname(os.path.dirname(command))
    environment = {"LD_LIBRARY_PATH": folder, "PYTHONHOME": home}
    # The user nobody mostly has no access to it.
    if subprocess.run(user + ["test", "-x", command]).returncode:
        pytest.skip("%s is out of reach" % command)
    arguments = [command, "-B", place.inner_program("waiting")]
    with Process(place, user + arguments, "/", environment).wait_until_ready() as process:
        before = whole_tree(process.pid, user)
        os.unlink(library)
        assert whole_tree(process.pid, user) == before
        with open("/proc/%d/maps" % process.pid) as maps:
            assert library + " (deleted)" in maps.read()
    shutil.rmtree(folder)


# --- What is refused -----------------------------------------------------------------------------


def refusal(pid, prefix=(), command="pstree"):
    return one_error(debugger.gdb(["-ex", "asyncio %s %s" % (command, pid)], prefix=prefix))


@pytest.mark.parametrize("command", ["ps", "pstree"])
def test_another_users_process(quiet, command):
    line = refusal(quiet.pid, AS_NOBODY, command)
    assert line.startswith("no permission to read process %d: it runs as uid 0" % quiet.pid)
    assert "you are uid %s: run the debugger as that user or as root" % NOBODY in line


def test_another_users_process_in_lldb(quiet, lldb):
    """Here the error is the command's result, and the batch ends with it."""
    done = lldb.run(["asyncio ps 4194304", "asyncio ps --help"])
    assert done.status != 0
    assert "no process 4194304" in done.errors
    assert "--retries" not in done.output


def test_process_without_python():
    with subprocess.Popen(["sleep", "600"]) as sleeping:
        line = refusal(sleeping.pid)
        sleeping.kill()
    assert line.startswith("process %d (" % sleeping.pid)
    assert "/sleep): no CPython here" in line or "/coreutils): no CPython here" in line


def test_process_that_is_gone():
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert refusal(gone.pid).startswith("no process %d: it has ended" % gone.pid)


def test_zombie(places):
    place = places.get("host")
    with Process(place, [OWN, "-c", ZOMBIE]).wait_until_ready() as process:
        zombie = int(process._process.stdout.readline())
        line = refusal(zombie)
    assert line.startswith("process %d is a zombie: it has ended" % zombie)
    assert "its parent %d " % process.pid in line


@pytest.mark.parametrize("word", ["0", "4194305", "99999999999999999999", "1x", "pstree"])
def test_what_is_no_pid(word):
    line = refusal(word)
    assert line == 'a PID is a number from 1 to 4194304, not "%s"' % word


def test_python_without_asyncio(places):
    with Process(places.get("host"), [OWN, "-c", WAITING]).wait_until_ready() as process:
        assert "asyncio was never imported" in tree(process.pid)


def test_pidtree_refuses(quiet):
    done = pidtree(4194304)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("pidtree: no process 4194304")
    assert pidtree("x").returncode == 2
