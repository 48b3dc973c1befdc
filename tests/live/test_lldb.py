"""LLDB shows what GDB shows, byte by byte, and its exit status tells if it could.

Each LLDB of this machine is asked, and the root folder's: about the same processes while they
live, and about the cores that the kernel makes of them. Each is started once for all programs of
an interpreter; --every-program takes all that it can run.
"""

import concurrent.futures
import contextlib
import glob
import itertools
import os
import re
import socket
import subprocess
import time

import cells
import debugger
import pytest
from cells import Process
from conftest import shows
from lldb_debugger import NAMES
from place import Absent

COMMANDS = {"ps": "ps", "tree": "pstree", "json": "ps --json"}
PROGRAMS = ("everything", "names", "python_tasks", "waiting")

# Their tasks do not stand still, so they are compared by their cores only.
MOVING = ("busy", "busy_generator", "child_process", "eager_first_step", "executors", "race")

pytestmark = pytest.mark.usefixtures("library")


# --- The same as GDB -----------------------------------------------------------------------------


# A fixture may have to look at an interpreter once more.
_numbers = itertools.count()


class Shown:
    """What each debugger shows of an interpreter's programs, as bytes by program and format.

    live and core are that, by the debugger's name, or the errors that it ended with; bare is of
    cores without any file, from debuggers that could not find one by themselves.
    """

    def __init__(self, place, interpreter, programs, lldbs, commands=COMMANDS):
        self._commands_of_kinds = commands
        self._place = place
        self._interpreter = interpreter
        self._lldbs = [each for each in lldbs.values() if each.reaches(place)]
        self._inner = place.folder("lldb-%s-%d" % (interpreter.name, next(_numbers)))
        with contextlib.ExitStack() as stack:
            processes = {name: stack.enter_context(self._start(name)) for name in programs}
            # One at a time, as only one can be attached.
            pids = {name: each.pid for name, each in processes.items() if name not in MOVING}
            self.live = {"gdb": self._gdb_live(pids)}
            for each in self._lldbs:
                self.live[each.name] = self._lldb_live(each, pids)
            for each in processes.values():
                each.crash()
        self.core = self._look_at_cores(programs)

    def _start(self, program):
        inner = "%s/%s" % (self._inner, program)
        os.mkdir(self._place.outer(inner))
        arguments = [self._interpreter.command, "-B", self._place.inner_program(program)]
        return Process(self._place, arguments, inner).wait_until_ready()

    def _look_at_cores(self, programs):
        cores = {}
        for program in programs:
            found = glob.glob("%s/%s/core*" % (self._place.outer(self._inner), program))
            cores[program] = "%s/%s/%s" % (self._inner, program, os.path.basename(found[0]))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = {"gdb": pool.submit(self._gdb_cores, cores)}
            for each in self._lldbs:
                found[each.name] = pool.submit(self._lldb_cores, each, cores)
            bare = {
                each.name: pool.submit(self._lldb_bare_cores, each, cores)
                for each in self._lldbs
                if each.home is not self._place
            }
        self.bare = {name: future.result() for name, future in bare.items()}
        return {name: future.result() for name, future in found.items()}

    def _gdb_live(self, pids):
        files = {program: ["attach %d" % pid] for program, pid in pids.items()}
        return self._gdb("live", files, ["detach"])

    def _gdb_cores(self, cores):
        files = {name: ["core-file " + self._place.outer(core)] for name, core in cores.items()}
        return self._gdb("core", files, [])

    def _gdb(self, target, openings, end):
        folder, commands = self._commands("gdb-" + target, openings, end)
        options = debugger.without_symbols(self._place, self._interpreter.command)
        done = debugger.gdb(options + debugger.each(commands(self._place.outer(folder))))
        return self._read(folder, done)

    def _lldb_live(self, lldb, pids):
        executable = lldb.path(self._place, self._interpreter.command)
        begin = ["target create " + executable]
        if lldb.path(self._place, "/") != "/":
            begin += ["target modules search-paths add / " + lldb.path(self._place, "/")]
        openings = {
            program: begin + ["process attach --pid %d" % pid] for program, pid in pids.items()
        }
        end = ["process detach", "target delete --all"]
        return self._lldb("live", lldb, [], openings, end)

    def _lldb_cores(self, lldb, cores):
        executable = lldb.path(self._place, self._interpreter.command)
        before = []
        if lldb.path(self._place, "/") != "/":
            before = ["platform select --sysroot %s remote-linux" % self._place.path]
        openings = {
            program: ["target create --core %s %s" % (lldb.path(self._place, core), executable)]
            for program, core in cores.items()
        }
        return self._lldb("core", lldb, before, openings, ["target delete --all"])

    def _lldb_bare_cores(self, lldb, cores):
        openings = {
            program: ["target create --core " + lldb.path(self._place, core)]
            for program, core in cores.items()
        }
        return self._lldb("bare", lldb, [], openings, ["target delete --all"])

    def _lldb(self, target, lldb, before, openings, end):
        folder, commands = self._commands(lldb.name.replace(" ", "-") + target, openings, end)
        done = lldb.run(before + commands(lldb.path(self._place, folder)))
        return self._read(folder, done)

    def _commands(self, name, openings, end):
        """A new folder, and a function: the commands that fill it, seen as at the given path."""
        inner = "%s/%s" % (self._inner, name)
        os.mkdir(self._place.outer(inner))

        def commands(path):
            found = []
            for program, opening in openings.items():
                found += opening
                for kind, command in self._commands_of_kinds.items():
                    found.append("asyncio %s --output %s/%s.%s" % (command, path, program, kind))
                found += end
            return found

        return inner, commands

    def _read(self, inner, done):
        if done.status != 0:
            return done.errors
        found = {}
        for path in glob.glob(self._place.outer(inner) + "/*"):
            with open(path, "rb") as file:
                found[os.path.basename(path)] = file.read()
        return found


@pytest.fixture(scope="module")
def shown(request, interpreter, place, lldbs):
    try:
        cells.kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))
    every = request.config.getoption("every_program", False)
    programs = cells.programs_of(interpreter, every=True)
    chosen = [name for name in programs if every or name in PROGRAMS]
    return Shown(place, interpreter, chosen, lldbs)


@pytest.mark.debug
@pytest.mark.parametrize("target", ["live", "core"])
def test_same_as_gdb(request, shown, lldb, interpreter, place, target):
    if not lldb.reaches(place):
        # It is in the root folder, and has not seen them.
        return
    expected, found = getattr(shown, target)["gdb"], getattr(shown, target)[lldb.name]
    for each in expected, found:
        assert isinstance(each, dict), each
    assert sorted(found) == sorted(expected) != []
    assert [file for file in expected if found[file] != expected[file]] == []
    shows(request.node, interpreter, target, debugger=lldb.name)


@pytest.mark.since(3, 13)
@pytest.mark.debug
def test_core_without_executable(request, shown, lldb, interpreter):
    """By an LLDB that is elsewhere: one that is beside the executable finds it."""
    if lldb.name not in shown.bare:
        return
    expected, found = shown.core["gdb"], shown.bare[lldb.name]
    assert isinstance(found, dict), found
    assert [file for file in expected if found.get(file) != expected[file]] == []
    shows(request.node, interpreter, "core without executable", debugger=lldb.name)


# --- A process that is not here ------------------------------------------------------------------


def start(lldb, program="waiting", environment=()):
    """A program where the LLDB is."""
    arguments = [lldb.python, "-B", lldb.home.inner_program(program)]
    return Process(lldb.home, arguments, environment=environment)


@contextlib.contextmanager
def serving(lldb, pid):
    """A server that has attached to the process; its address."""
    command = os.path.realpath(lldb.command) + "-server"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [command, "gdbserver", "127.0.0.1:%d" % port, "--attach", str(pid)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until_listening(port)
            yield "connect://127.0.0.1:%d" % port
        finally:
            server.kill()


def wait_until_listening(port):
    """Without a connection: the server serves the first, and ends with it."""
    for _ in range(100):
        with open("/proc/net/tcp") as file:
            if re.search(r": \w+:%04X \w+:0000 0A " % port, file.read()):
                return
        time.sleep(0.1)
    raise AssertionError("the server does not listen")


@pytest.mark.parametrize("lldb", NAMES[:-1], indirect=True)
def test_through_a_server(lldb, tmp_path):
    """All memory is then read by means of LLDB, as from another machine."""
    answer = "asyncio ps --json --output %s/" % tmp_path
    with start(lldb).wait_until_ready() as process:
        done = lldb.run(["process attach --pid %d" % process.pid, answer + "local"])
        assert done.status == 0, done.errors
        with serving(lldb, process.pid) as address:
            commands = ["target create " + lldb.python, "process connect " + address]
            done = lldb.run(commands + [answer + "remote"])
            assert done.status == 0, done.errors
    assert (tmp_path / "local").read_bytes() == (tmp_path / "remote").read_bytes()


# --- Exit status ---------------------------------------------------------------------------------


def one_error(done):
    """The error: there is no other, and the status is 1."""
    assert done.status == 1
    assert "lldb_commands.py" not in done.errors
    lines = [line for line in done.errors.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.errors
    return lines[0]


def test_answer(lldb):
    with start(lldb).wait_until_ready() as process:
        # To import it once more is harmless.
        commands = ["process attach --pid %d" % process.pid, lldb.load, "asyncio pstree"]
        done = lldb.run(commands)
        plain = lldb.run(commands, {"LC_ALL": "C"})
    assert done.status == 0, done.errors
    assert plain.status == 0, plain.errors
    assert "└── (T) shielded\n" in done.output
    assert plain.output.isascii()
    assert "(T) shielded\n" in plain.output


def test_large_output(lldb):
    """It does not go through the result, except for whoever asks for that."""
    folder = lldb.home.folder("large-" + lldb.name.replace(" ", "-"))
    with open(lldb.home.outer(folder) + "/silent", "w") as file:
        file.write("asyncio pstree\n")
    capture = (
        "script result = lldb.SBCommandReturnObject(); interpreter = "
        "lldb.debugger.GetCommandInterpreter(); _ = interpreter.HandleCommand('asyncio pstree', "
        "result); _ = open('%s/captured', 'w', encoding='utf-8').write(result.GetOutput())"
    )
    with start(lldb, "chain", {"AIODBG_SIZE": "2000"}).wait_until_ready() as process:
        attach = "process attach --pid %d" % process.pid
        shown = lldb.run([attach, "asyncio pstree --output %s/file" % folder, "asyncio pstree"])
        others = lldb.run([attach, "command source -s 1 %s/silent" % folder, capture % folder])
    assert (shown.status, others.status) == (0, 0), shown.errors + others.errors
    with open(lldb.home.outer(folder) + "/file", encoding="utf-8") as file:
        text = file.read()
    assert len(text) > 1 << 20
    # LLDB has said before that the process stopped.
    assert shown.output.endswith("\n" + text)
    assert "Task-1" not in others.output
    with open(lldb.home.outer(folder) + "/captured", encoding="utf-8") as file:
        assert file.read() == text


@pytest.mark.parametrize("command", ["ps", "pstree", "ps --json"])
def test_no_process(lldb, command):
    done = lldb.run(["asyncio " + command])
    assert "no process" in one_error(done)
    assert done.output == ""


def test_process_without_python(lldb):
    """The line names what was looked for."""
    with subprocess.Popen(["sleep", "600"]) as sleeping:
        done = lldb.run(["process attach --pid %d" % sleeping.pid, "asyncio ps"])
        sleeping.kill()
    line = one_error(done)
    assert "CPython" in line
    assert "PyRuntime" in line


@pytest.mark.parametrize("arguments", ["ps --no-such-option", "ps --format no-such-option"])
def test_unknown_option(lldb, arguments):
    assert "no-such-option" in one_error(lldb.run(["asyncio " + arguments]))


def test_unknown_command(lldb):
    done = lldb.run(["asyncio nosuchcommand"])
    assert done.status == 1
    assert "nosuchcommand" in done.errors


def test_library_missing(lldb):
    """Also said when the script is loaded, which cannot fail."""
    environment = {"AIODBG_LIBRARY": "/nonexistent/libaiodbg.so"}
    done = lldb.run(["asyncio ps"], environment)
    assert "/nonexistent/libaiodbg.so" in one_error(done)
    assert "aiodbg: no usable libaiodbg" in done.errors
    assert lldb.run([], environment).status == 0


def test_mistake_of_ours(lldb):
    spoil = "script import lldb_target; lldb_target.selected_target = None"
    done = lldb.run([spoil, "asyncio ps"])
    assert done.status == 1
    assert "TypeError" in done.errors


def test_output_that_cannot_be_written(lldb):
    with start(lldb).wait_until_ready() as process:
        attach = "process attach --pid %d" % process.pid
        done = lldb.run([attach, "asyncio ps --output /nonexistent/file"])
    assert "/nonexistent/file" in one_error(done)


@pytest.mark.parametrize("command", ["ps", "pstree"])
def test_help_needs_no_process(lldb, command):
    for line in ("asyncio %s --help", "help asyncio %s"):
        done = lldb.run([line % command])
        assert done.status == 0
        assert "--json" in done.output
    assert command in lldb.run(["help asyncio"]).output
