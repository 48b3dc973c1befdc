# SPDX-License-Identifier: MIT
"""The LLDB front-end inside a fake LLDB."""

import importlib.util
import os
import subprocess
import sys

import aiodbg
import pytest
from conftest import modules_restored
from image import ImageTarget

PAGE = 4096


@pytest.fixture
def lldb(monkeypatch, top):
    """The fake LLDB, as new, in place of the module that only exists inside LLDB."""
    import fake_lldb

    fake = importlib.reload(fake_lldb)
    monkeypatch.setitem(sys.modules, "lldb", fake)
    monkeypatch.syspath_prepend(os.path.join(top, "lldb"))
    for name in ("lldb_target", "lldb_commands"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield fake
    for name in ("lldb_target", "lldb_commands"):
        sys.modules.pop(name, None)


@pytest.fixture
def target(lldb):
    """A function: a process as a target."""
    import lldb_target

    def select(*arguments, **named):
        process = lldb.SBProcess(*arguments, **named)
        return lldb_target.selected_target(lldb.SBExecutionContext(process), lambda: False)

    return select


# --- The target ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["Invalid", "Unloaded", "Connected", "Detached", "Exited"])
def test_target_without_a_process(lldb, target, state):
    with pytest.raises(aiodbg.NoTarget, match="process attach --pid PID.*target create --core"):
        target(getattr(lldb, "eState" + state))


@pytest.mark.parametrize("state", ["Running", "Stepping"])
def test_running_process(lldb, target, state):
    with pytest.raises(aiodbg.NoTarget, match="running.*process interrupt"):
        target(getattr(lldb, "eState" + state))


@pytest.mark.parametrize("state", ["Stopped", "Crashed", "Suspended"])
def test_stopped_process(lldb, target, state):
    assert target(getattr(lldb, "eState" + state)).pid == 4242


@pytest.mark.parametrize("bits, order", [(64, "Little"), (32, "Big")])
def test_architecture(lldb, bits, order):
    import lldb_target

    process = lldb.SBProcess()
    process.word_size = bits // 8
    process.byte_order = getattr(lldb, "eByteOrder" + order)
    found = lldb_target.LldbTarget(process, lldb.SBThread(None), None)
    assert found.word_size == bits // 8
    assert found.byte_order == aiodbg.ByteOrder[order.upper() + "_ENDIAN"]


@pytest.mark.parametrize(
    "plugin, kind",
    [
        ("gdb-remote", "PROCESS"),
        ("elf-core", "CORE"),
        ("mach-o-core", "CORE"),
        ("minidump", "CORE"),
    ],
)
def test_kind(target, plugin, kind):
    assert target(plugin=plugin).kind == aiodbg.TargetKind["TARGET_" + kind]


def test_unknown_pid(lldb, target):
    assert target(pid=lldb.LLDB_INVALID_PROCESS_ID).pid == 0


def test_read(target):
    found = target(memory={0x1000: b"0123456789"})
    assert found.read(0x1002, 4) == b"2345"
    for address in (0x1008, 0x2000):
        with pytest.raises(aiodbg.MemoryFault):
            found.read(address, 4)


def test_data_of_a_failed_read_is_no_data(lldb, target):
    """It is what LLDB had in its buffer."""
    found = target()

    def fail(address, length, error):
        error.success = False
        return b"x" * length

    found._process.ReadMemory = fail
    with pytest.raises(aiodbg.MemoryFault):
        found.read(0x1000, 4)


def test_symbols(lldb, target):
    """Not those that a module only refers to, and none twice."""
    found = target(
        modules=[
            lldb.SBModule(symbols={"x": [0x10, lldb.LLDB_INVALID_ADDRESS]}),
            lldb.SBModule(symbols={"x": [lldb.LLDB_INVALID_ADDRESS]}),
            lldb.SBModule(symbols={"x": [0x20]}),
            lldb.SBModule(symbols={"x": [0x10]}),
        ]
    )
    assert list(found.symbols("x")) == [0x10, 0x20]
    assert list(found.symbols("y")) == []


def test_sections(lldb, target):
    one, other = lldb.SBSection(".x", 0x10, 4), lldb.SBSection(".x", 0x20, 8)
    modules = [lldb.SBModule(sections=[each]) for each in (one, lldb.SBSection(".x"), other, one)]
    found = target(modules=modules)
    assert list(found.sections(".x")) == [(0x10, 4), (0x20, 8)]
    assert list(found.sections(".y")) == []


def test_regions(target):
    found = target()
    found._process.regions = [(0, 16, ""), (16, 32, "r"), (32, 48, "rw"), (48, 64, "w")]
    assert list(found.regions()) == [(16, 32, False), (32, 48, True)]


@pytest.fixture
def mapped(lldb, target, tmp_path):
    """A function: a core with a file mapped, of which it has only the first page."""
    content = bytes(range(256)) * 64
    (tmp_path / "file").write_bytes(content)

    def make(first_page=content[:PAGE], flags="r", plugin="elf-core"):
        # Two segments: the second begins, and ends, in the middle of a page of the file.
        whole = [
            lldb.SBSection("PT_LOAD[0]", 0x10000, PAGE),
            lldb.SBSection("PT_LOAD[1]", 0x30100, 0x1200, offset=0x1100, flags=flags),
        ]
        inner = lldb.SBSection(".rodata", 0x30200, 0x100, parent=whole[1], flags=flags)
        module = lldb.SBModule(
            str(tmp_path / "file"), 0x10000, [inner, *whole], {"symbol": [0x30200]}
        )
        memory = {0x10000: first_page} if first_page else {}
        return target(plugin=plugin, memory=memory, modules=[module])

    make.content = content
    return make


def test_what_a_core_lacks_is_read_from_the_file(mapped):
    found = mapped()
    assert found.read(0x30200, 4) == mapped.content[0x1200:0x1204]
    # The page where the segment ends is in memory as a whole.
    assert found.read(0x31000, PAGE) == mapped.content[0x2000:0x3000]
    # Where the segment isn't, there may be another.
    for address, length in [(0x31000, PAGE + 1), (0x30000, PAGE), (0x2FFFF, 2), (0x40000, 1)]:
        with pytest.raises(aiodbg.MemoryFault):
            found.read(address, length)


def test_what_could_have_been_written_is_not_read_from_the_file(mapped):
    with pytest.raises(aiodbg.MemoryFault):
        mapped(flags="rw").read(0x30200, 4)


def test_a_process_is_not_read_from_the_file(mapped):
    with pytest.raises(aiodbg.MemoryFault):
        mapped(plugin="gdb-remote").read(0x30200, 4)


def test_another_file_of_the_same_name(mapped):
    found = mapped(first_page=b"another" + bytes(PAGE))
    with pytest.raises(aiodbg.MemoryFault):
        found.read(0x30200, 4)
    assert list(found.symbols("symbol")) == []
    assert list(found.sections(".rodata")) == []


def test_executable_that_was_put_where_none_can_be(lldb, target, tmp_path):
    """As LLDB does with one of another build, which begins elsewhere."""
    (tmp_path / "file").write_bytes(b"file" + bytes(PAGE))
    segment = lldb.SBSection("PT_LOAD[0]", 0x3E1870, PAGE)
    module = lldb.SBModule(str(tmp_path / "file"), 0x3E1870, [segment], {"symbol": [0x3E2000]})
    segment.file_address = 0x400000
    memory = {0x400000: b"\x7fELF" + bytes(PAGE - 4)}
    found = target(plugin="elf-core", memory=memory, modules=[module])
    assert list(found.symbols("symbol")) == []
    assert found.other_files() == [(str(tmp_path / "file"), None, None, True)]


def test_file_that_cannot_be_told_from_another(mapped):
    """The core lacks the first page."""
    assert mapped(first_page=None).read(0x30200, 4) == mapped.content[0x1200:0x1204]
    assert list(mapped(first_page=None).symbols("symbol")) == [0x30200]


# --- Is the process on this machine? -------------------------------------------------------------


@pytest.fixture
def traced(tmp_path):
    """A process that is traced, by a thread of ours that has its own process id."""
    script = tmp_path / "tracer.py"
    script.write_text(
        "import ctypes, os, sys\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    ctypes.CDLL(None).ptrace(0, 0, None, None)\n"
        "    os.kill(os.getpid(), 19)\n"
        "os.waitpid(pid, os.WUNTRACED)\n"
        "print(pid, flush=True)\n"
        "sys.stdin.read()\n"
        "os.kill(pid, 9)\n"
    )
    tracer = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    pid = int(tracer.stdout.readline())
    with open("/proc/%d/status" % pid) as status:
        if "TracerPid:\t%d\n" % tracer.pid not in status.read():
            pytest.skip("may not trace a process here")
    yield pid
    tracer.communicate()


def test_process_traced_by_a_child_of_ours_is_local(target, traced):
    assert target(pid=traced).local_pid == traced


def test_other_processes_are_not_local(target, traced, monkeypatch):
    # Not traced at all; of a remote machine, where ids mean something else; a core's.
    assert target(pid=os.getpid()).local_pid == 0
    assert target(pid=(1 << 22) + 1).local_pid == 0
    assert target(pid=traced, plugin="elf-core").local_pid == 0
    # Traced by somebody else.
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert target(pid=traced).local_pid == 0


def test_thread_that_is_selected(lldb, target):
    import lldb_target

    process = lldb.SBProcess()
    for selected, tid in ((None, 0), (4243, 4243), ((1 << 64) - 1, 0)):
        process.selected = selected
        context = lldb.SBExecutionContext(process)
        assert lldb_target.selected_target(context, lambda: False).tid == tid


def test_mappings(lldb):
    import lldb_target

    process = lldb.SBProcess()
    process.regions = [(0x1000, 0x2000, "rw"), (0x3000, 0x4000, "", "/usr/lib/libpython.so")]
    context = lldb.SBExecutionContext(process)
    found = lldb_target.selected_target(context, lambda: False)
    assert found.debugger.startswith("LLDB 19.1.7 with Python 3.")
    assert "platform select" in found.giving_files
    assert found.mapping(0x1800) == (0x1000, 0x2000, True, "")
    assert found.mapping(0x3000) == (0x3000, 0x4000, False, "/usr/lib/libpython.so")
    assert found.mapping(0x4000) is None
    # LLDB does not tell what of it is in a core.
    process.plugin = "elf-core"
    found = lldb_target.selected_target(context, lambda: False)
    assert found.mapping(0x1000).has_contents is None


def test_source_lines(lldb, tmp_path, traced):
    import lldb_target

    (tmp_path / "main.py").write_text("one\ntwo\n")
    process = lldb.SBProcess(plugin="elf-core")
    process.source_map = ['[0] "/build" -> "%s"' % tmp_path]
    found = lldb_target.selected_target(lldb.SBExecutionContext(process), lambda: False)
    assert found.source_line("/build/main.py", 2) == "two"
    assert found.source_line("/builder/main.py", 2) is None
    assert found.source_line(str(tmp_path / "main.py"), 1) == "one"
    process.sysroot = str(tmp_path)
    assert found.source_line("/main.py", 1) == "one"
    process = lldb.SBProcess(pid=traced)
    found = lldb_target.selected_target(lldb.SBExecutionContext(process), lambda: False)
    assert next(found.source_files("/main.py")) == "/proc/%d/root/main.py" % traced


# --- Loading -------------------------------------------------------------------------------------


@pytest.fixture
def load(lldb, top, monkeypatch):
    """A function that does what `command script import` does with the script."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(debugger, names=None):
        sys.modules.pop("aiodbg_lldb", None)
        spec = importlib.util.spec_from_file_location(
            "aiodbg_lldb", os.path.join(top, "lldb", "aiodbg_lldb.py")
        )
        module = sys.modules["aiodbg_lldb"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.__lldb_init_module(debugger, {} if names is None else names)
        return module.lldb_commands

    with modules_restored("aiodbg", "aiodbg_lldb"):
        yield run


@pytest.fixture
def commands(load, lldb):
    """The module lldb_commands, with its commands registered in commands.debugger."""
    debugger = lldb.SBDebugger()
    module = load(debugger)
    module.debugger = debugger
    return module


@pytest.fixture
def run(commands):
    """A function: run a line."""
    return commands.debugger.run


def test_all_commands_are_registered_with_their_help(commands, library):
    registered = commands.debugger.commands
    names = ["asyncio"] + ["asyncio " + command.name for command in library.commands()]
    assert sorted(registered) == sorted(names)
    short, long = registered["asyncio"]
    assert short == library.prefix().summary
    assert library.prefix().help in long
    for command in library.commands():
        made = registered["asyncio " + command.name]
        assert made.get_short_help() == command.summary
        assert "Usage: asyncio %s %s\n" % (command.name, command.usage) in made.get_long_help()
        assert made.get_long_help().endswith(command.help)


@pytest.fixture
def parsed(load, lldb, monkeypatch):
    """The debugger of an LLDB that completes arguments, with our commands."""
    monkeypatch.setattr(lldb.SBDebugger, "version", "22.1.8")
    debugger = lldb.SBDebugger()
    load(debugger)
    return debugger


def test_commands_whose_line_lldb_splits(parsed, example, library):
    assert parsed.parsed == {"asyncio " + command.name for command in library.commands()}
    example(parsed)
    result = parsed.run("asyncio ps --with 'name=Aqua Regia'", parsed.process)
    assert "Aqua Regia" in result.output and not result.failed
    result = parsed.run("asyncio ps --tpo 2", parsed.process)
    assert "did you mean --top?" in result.errors and result.failed


@pytest.mark.parametrize("version", ["14.0.6", "19.1.7", "21.1.8"])
def test_lldb_that_would_crash(load, lldb, monkeypatch, version):
    monkeypatch.setattr(lldb.SBDebugger, "version", version)
    debugger = lldb.SBDebugger()
    load(debugger)
    assert not debugger.parsed


@pytest.mark.parametrize(
    "words, values",
    [
        (["--wi"], ["--with", "--without"]),
        (["--frames", ""], ["all", "own"]),
        (["--with", "waits=lo"], ["waits=lock"]),
        (["--with", "state=pe"], ["state=pending"]),
        (["--xyz"], None),
    ],
)
def test_completion_of_options(parsed, words, values):
    command = parsed.commands["asyncio ps"]
    found = command.handle_argument_completion(words, len(words) - 1, len(words[-1]))
    assert found == ({"values": values} if values else True)


def test_completion_of_tasks(parsed, example, lldb, monkeypatch):
    example(parsed)
    command = parsed.commands["asyncio task"]
    assert command.handle_argument_completion(["Le"], 0, 2) == {"values": ["Levitate"]}
    # What follows is put behind the word as it is.
    assert command.handle_argument_completion(["Aq"], 0, 2) == {"values": [r"Aqua\ Regia"]}
    assert command.handle_argument_completion(["Aqua R"], 0, 6) == {"values": ["Aqua Regia"]}
    # Up to the cursor.
    assert command.handle_argument_completion(["LeX"], 0, 2) == {"values": ["Levitate"]}
    # Nothing is printed into the line.
    monkeypatch.setattr(lldb.SBProcess, "GetStopID", None)
    assert command.handle_argument_completion(["Le"], 0, 2) is True


def test_completion_of_files(parsed, tmp_path, monkeypatch):
    (tmp_path / "a folder").mkdir()
    (tmp_path / "file-1").touch()
    (tmp_path / "file-2").touch()
    command = parsed.commands["asyncio ps"]

    def completed(word):
        return command.handle_argument_completion(["--output", word], 1, len(word))

    start = str(tmp_path) + "/"
    assert completed(start + "f") == {"values": [start + "file-1", start + "file-2"]}
    assert completed(start + "a") == {"completion": start + r"a\ folder/", "mode": "partial"}
    assert completed(start + "x") is True


def test_help_that_needs_quoting(lldb, commands, monkeypatch):
    prefix = aiodbg.Command("asyncio", "COMMAND", 'Say "x" or `y`.', "\\n is no newline\n")
    monkeypatch.setattr(commands.aiodbg.Library, "prefix", lambda _: prefix)
    commands.register(commands.debugger, "aiodbg_lldb.lldb_commands")
    short, long = commands.debugger.commands["asyncio"]
    assert short == "Say \"x\" or 'y'."
    assert long.endswith("\n\\n is no newline\n")


def test_import_twice(lldb, load, library):
    debugger, names = lldb.SBDebugger(), {}
    for _ in range(2):
        load(debugger, names)
        assert len(debugger.commands) == 1 + len(library.commands())
    assert sys.path.count(os.path.dirname(os.path.abspath(aiodbg.__path__[0]))) == 1
    # It leaves nothing in the user's Python.
    assert names == {}


def test_import_never_shadows_lldb(lldb, load, top):
    before = set(sys.path)
    load(lldb.SBDebugger())
    added = {os.path.abspath(folder) for folder in set(sys.path) - before}
    assert added <= {os.path.join(top, "core"), os.path.join(top, "lldb")}
    assert not os.path.exists(os.path.join(top, "lldb", "__init__.py"))


def test_import_without_a_library(lldb, load, library, monkeypatch, capsys):
    debugger = lldb.SBDebugger()
    for _ in range(2):
        with monkeypatch.context() as context:
            context.setenv("AIODBG_LIBRARY", "/nonexistent/lib.so")
            load(debugger)
        # Said once now, and again by the commands.
        printed = capsys.readouterr().err
        assert "/nonexistent/lib.so" in printed
        assert printed.count("\n") == 1
        result = debugger.run("asyncio ps")
        assert result.failed
        assert "/nonexistent/lib.so" in result.errors
        assert "not available" in debugger.commands["asyncio"].get_short_help()
        assert "/nonexistent/lib.so" in debugger.commands["asyncio"].get_long_help()
    # They are there once the library is.
    load(debugger)
    assert len(debugger.commands) == 1 + len(library.commands())


@pytest.fixture
def lost_lldb(monkeypatch, tmp_path):
    """LLDB's module in the folder where Debian's LLDB 14 has it, and does not look."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    sys.modules.pop("lldb", None)
    # The folder that is found instead.
    (tmp_path / "wrong" / "lldb").mkdir(parents=True)
    sys.path.insert(0, str(tmp_path / "wrong"))
    real = os.path.realpath
    executable = str(tmp_path / "bin" / "lldb")
    monkeypatch.setattr(
        os.path, "realpath", lambda path: executable if path == "/proc/self/exe" else real(path)
    )
    python = "python%d.%d" % sys.version_info[:2]
    right = tmp_path / "lib" / python / "dist-packages" / "lldb"
    names = ("run_one_line", "run_python_interpreter")
    yield right
    for name in ("lldb",) + names:
        vars(sys.modules["__main__"]).pop(name, None)


def find_lldb(top):
    """What aiodbg_lldb.py does first."""
    code = open(os.path.join(top, "lldb", "aiodbg_lldb.py")).read().split("_missing_names =")[0]
    scope = {"__file__": os.path.join(top, "lldb", "aiodbg_lldb.py"), "__name__": "aiodbg_lldb"}
    exec(code, scope)
    return scope["_find_lldb"]()


def test_module_that_lldb_does_not_find(lost_lldb, top, capsys):
    lost_lldb.mkdir(parents=True)
    (lost_lldb / "__init__.py").write_text("class SBDebugger: pass\n")
    (lost_lldb / "embedded_interpreter.py").write_text(
        "def run_one_line(): pass\ndef run_python_interpreter(): pass\n"
    )
    names = find_lldb(top)
    assert names["lldb"] is sys.modules["lldb"]
    assert hasattr(names["lldb"], "SBDebugger")
    assert sys.modules["__main__"].run_one_line
    assert "PYTHONPATH=%s\n" % lost_lldb.parent in capsys.readouterr().err
    # Once is enough.
    assert find_lldb(top) == {}
    assert capsys.readouterr().err == ""


def test_module_that_is_nowhere(lost_lldb, top):
    with pytest.raises(ImportError, match="PYTHONPATH"):
        find_lldb(top)


# --- The commands --------------------------------------------------------------------------------


def one_error(result):
    """The line of a failed command that printed nothing else."""
    assert result.failed
    assert result.output == ""
    assert result.errors.startswith("error: ")
    assert result.errors.count("\n") == 1
    return result.errors


def test_help_needs_no_process(run, library):
    for command in library.commands():
        result = run("asyncio %s --help" % command.name)
        assert not result.failed
        assert command.help in result.output


def test_no_process(run):
    assert "no process and no core" in one_error(run("asyncio ps"))


def test_running(run, lldb):
    process = lldb.SBProcess(lldb.eStateRunning)
    assert "is running" in one_error(run("asyncio ps", process))


def test_wrong_usage_is_said_before_the_lack_of_a_process(run):
    assert "--nonsense" in one_error(run("asyncio ps --nonsense"))


def test_unbalanced_quotes(run):
    assert "no closing quotation" in one_error(run('asyncio ps "x'))


def test_process_without_a_runtime(run, lldb):
    assert "python" in one_error(run("asyncio ps", lldb.SBProcess())).lower()


def test_mistake_of_ours_is_a_failure(run, lldb, commands, monkeypatch):
    import lldb_target

    def fail(*_):
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(lldb_target.LldbTarget, "symbols", fail)
    monkeypatch.setattr(lldb_target.LldbTarget, "sections", fail)
    result = run("asyncio ps", lldb.SBProcess())
    assert result.failed
    assert "ZeroDivisionError: on purpose" in result.errors


class FakeLibrary:
    """Answers each command with the same text, a warning, and maybe the text of an error."""

    def __init__(self, text="", warning=None, error=None):
        self.text = text
        self.warning = warning
        self.error = error
        self.targets = []
        # Loading the script has made it anew.
        self.aiodbg = importlib.import_module("aiodbg")

    def run_command(self, target, argv, sink):
        self.targets.append(target)
        self.unicode = sink.unicode
        data = self.text.encode()
        for at in range(0, len(data), 1 << 16):
            sink.write(data[at : at + (1 << 16)])
        if self.warning:
            sink.warn(self.warning)
        if target and target.interrupted():
            raise self.aiodbg.Error("stopped", aiodbg.Status.INTERRUPTED)
        if self.error:
            raise self.aiodbg.Error(self.error, aiodbg.Status.CORRUPT)


@pytest.fixture
def answer(run, commands, lldb):
    """A function: run a command on a process, answered by a FakeLibrary."""

    def make(*arguments, process=None):
        commands.asyncio_ps.library = FakeLibrary(*arguments)
        return run("asyncio ps", process or lldb.SBProcess())

    return make


def test_process_of_the_context_is_used(run, commands, lldb):
    library = commands.asyncio_ps.library = FakeLibrary()
    for pid in (1, 2, 1):
        run("asyncio ps", lldb.SBProcess(pid=pid))
    run("asyncio ps")
    assert [target and target.pid for target in library.targets] == [1, 2, 1, None]


def test_output_goes_to_the_result_before_an_error(answer):
    result = answer("text", "a warning", "half of it")
    assert result.output == "text"
    assert result.errors == "warning: a warning\nerror: half of it\n"


def test_output_goes_out_in_large_pieces(answer):
    result = answer("0123456789abcde\n" * 100000)
    assert len(result.output) == 1600000
    assert result.prints < 100


LARGE = "0123456789abcdé\n" * 100000


@pytest.fixture
def printed(commands, monkeypatch):
    """LLDB prints what commands say: it does not see that these are run by a script."""
    monkeypatch.setattr(commands, "is_printed", lambda debugger: True)


def test_large_output_is_written_at_once(answer, commands, printed, progress):
    result = answer(LARGE)
    assert (result.output, result.errors, result.prints) == ("", "", 0)
    assert commands.debugger.written.decode() == LARGE


def test_small_output_is_not(answer, commands, printed):
    assert answer("small").output == "small"
    assert commands.debugger.written == b""


def test_output_that_nobody_reads(answer, commands, printed):
    commands.debugger.write_fails = True
    assert "cannot write" in one_error(answer(LARGE))


def test_output_that_goes_nowhere(answer, commands, printed):
    commands.debugger.write_stands_still = True
    assert "cannot write the output: it takes no more" in one_error(answer(LARGE))


def test_interruption_of_large_output(answer, commands, printed):
    asked = iter(range(1000))
    commands.debugger.InterruptRequested = lambda: next(asked) > 20
    assert one_error(answer(LARGE * 2)) == "error: interrupted\n"
    # That is, in the middle.
    assert 0 < len(commands.debugger.written) < len(LARGE)


def test_ctrl_c(answer, commands):
    commands.debugger.interrupted = True
    assert one_error(answer("x" * 1000000)) == "error: interrupted\n"
    assert one_error(answer("")) == "error: interrupted\n"


def test_ctrl_c_of_newer_lldb(answer, commands):
    commands.debugger.InterruptRequested = lambda: True
    assert one_error(answer("x")) == "error: interrupted\n"


class FakeProgress:
    """What LLDB 21 and newer have."""

    made = []

    def __init__(self, *arguments):
        self.arguments = arguments
        self.steps = []
        self.ended = 0
        self.made.append(self)

    def Increment(self, amount, detail):
        assert not self.ended
        self.steps.append((amount, detail))

    def Finalize(self):
        self.ended += 1


@pytest.fixture
def progress(lldb, commands, monkeypatch):
    """All progress that was shown. Each look at the clock takes a tenth of a second."""
    clock = iter(range(10**6))
    monkeypatch.setattr(commands.time, "monotonic", lambda: next(clock) / 10)
    monkeypatch.setattr(lldb, "SBProgress", FakeProgress, raising=False)
    monkeypatch.setattr(FakeProgress, "made", [])
    return FakeProgress.made


class LongWork(FakeLibrary):
    """Asks twenty times if it is to go on."""

    def run_command(self, target, argv, sink):
        for _ in range(20):
            if target.interrupted():
                raise self.aiodbg.Error("stopped", aiodbg.Status.INTERRUPTED)
        super().run_command(target, argv, sink)


@pytest.fixture
def work(run, commands, lldb):
    """A function: run a command that works for two seconds."""

    def make(text="text"):
        commands.asyncio_ps.library = LongWork(text)
        return run("asyncio ps", lldb.SBProcess())

    return make


def test_progress_of_long_work(work, commands, progress):
    result = work()
    assert (result.output, result.errors) == ("text", "")
    [shown] = progress
    assert shown.arguments == ("asyncio ps", "reading tasks", commands.debugger)
    assert len(shown.steps) > 10
    assert shown.steps[0] == (1, "0 s")
    assert shown.steps[-1] == (1, "2 s")
    assert shown.ended == 1


def test_progress_ends_with_a_failure(work, commands, progress):
    commands.debugger.InterruptRequested = lambda: bool(progress)
    assert one_error(work()) == "error: interrupted\n"
    [shown] = progress
    assert shown.ended == 1


def test_no_progress_within_output(work, commands, progress, printed):
    work(LARGE)
    assert commands.debugger.written.decode() == LARGE
    [shown] = progress
    assert shown.ended == 1


def test_no_progress_of_short_work(answer, progress):
    answer("x")
    assert progress == []


def test_older_lldb_shows_no_progress(work, lldb, progress, monkeypatch):
    monkeypatch.delattr(lldb, "SBProgress")
    assert work().output == "text"
    assert progress == []


@pytest.mark.parametrize(
    "charset, unicode, expected",
    [
        ("UTF-8", True, "ü日"),
        ("ANSI_X3.4-1968", False, r"\xfc\u65e5"),
        ("ISO-8859-1", False, r"\xfc\u65e5"),
        ("nonsense", False, r"\xfc\u65e5"),
    ],
)
def test_charset(answer, commands, monkeypatch, charset, unicode, expected):
    """LLDB does not convert: what is not UTF-8 gets ASCII."""
    monkeypatch.setattr(commands.locale, "nl_langinfo", lambda _: charset)
    result = answer("ü日", "ü日", "ü日\udcff")
    assert commands.asyncio_ps.library.unicode == unicode
    assert result.output == expected
    assert result.errors == "warning: %s\nerror: %s\\udcff\n" % (expected, expected)


# --- aiodbg itself -------------------------------------------------------------------------------


@pytest.fixture
def example(lldb, commands):
    """A function: makes a recorded process the selected one of a debugger."""
    target = ImageTarget("3.14-example")
    (symbol,) = target.symbols("_PyRuntime")
    ((start, length),) = target.sections(".AsyncioDebug")
    sections = [lldb.SBSection(".AsyncioDebug", start, length)]
    module = lldb.SBModule(sections=sections, symbols={"_PyRuntime": [symbol]})

    def select(debugger):
        # No process of this machine is meant.
        memory = dict(target.records)
        debugger.process = lldb.SBProcess(pid=0, memory=memory, modules=[module])

    return select


def test_snapshot_of_the_selected_process(commands, example):
    with pytest.raises(commands.aiodbg.NoTarget, match="process attach"):
        commands.aiodbg.snapshot()
    example(commands.debugger)
    assert commands.aiodbg.snapshot().task("Task-1").type == "Task"


@pytest.mark.parametrize("tid", [None, 4243])
def test_selected_thread(commands, example, tid):
    example(commands.debugger)
    commands.debugger.process.selected = tid
    assert commands.script_target(commands.debugger).tid == (tid or 0)


def test_the_debugger_that_runs_the_script(lldb, commands, example):
    """It may be another than the one that has loaded us."""
    lldb.debugger = lldb.SBDebugger()
    example(lldb.debugger)
    assert len(commands.aiodbg.snapshot().tasks) == 7
    lldb.debugger = None
    with pytest.raises(commands.aiodbg.NoTarget):
        commands.aiodbg.snapshot()


def test_snapshot_is_interrupted(commands, example):
    example(commands.debugger)
    commands.debugger.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        commands.aiodbg.snapshot()
