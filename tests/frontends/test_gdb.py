# SPDX-License-Identifier: MIT
"""The GDB front-end inside a fake GDB."""

import os
import re
import runpy
import sys

import aiodbg
import pytest
from conftest import GDB_MODULES, modules_restored
from image import ImageTarget

# As printed by GDB 13.1. It prints the executable's sections twice for a remote target.
INFO_FILES = """\
Symbols from "/usr/bin/python3.14".
Native process:
\tUsing the running image of attached process 9386.
\tWhile running this, GDB does not access memory from...
Local exec file:
\t`/usr/bin/python3.14', file type elf64-x86-64.
\tEntry point: 0x6dc4c0
\t0x0000000000400388 - 0x00000000004003ac is .note.gnu.build-id
\t0x0000000000ba07c0 - 0x0000000000bedc88 is .PyRuntime
\t0x0000000000bedcc0 - 0x0000000000c34dd0 is .bss
\t0x0000000000ba07c0 - 0x0000000000bedc88 is .PyRuntime
\t0x00007f5317f2a100 - 0x00007f5317f2a120 is .data in /usr/lib/x86_64-linux-gnu/libm.so.6
\t0x00007f53175177c0 - 0x00007f5317517828 is .AsyncioDebug in /usr/lib/_asyncio.so
\t0x00007f54175177c0 - 0x00007f5417517828 is .AsyncioDebug in /usr/lib/a file/_asyncio.so
"""

# As printed by GDB 13.1, and by GDB 11 and older without permissions.
MAPPINGS = """\
process 9386
Mapped address spaces:

          Start Addr           End Addr       Size     Offset  Perms  objfile
            0x400000           0x422000    0x22000        0x0  r--p   /usr/bin/python3.14
            0x422000           0x844000   0x422000    0x22000  r-xp   /usr/bin/python3.14
            0xbee000           0xc35000    0x47000        0x0  rw-p   
      0x7ffff0000000     0x7ffff0001000     0x1000        0x0  ---p   
      0x7ffff7fc1000     0x7ffff7fc5000     0x4000        0x0  r--p   [vvar]
"""
OLD_MAPPINGS = """\
          Start Addr           End Addr       Size     Offset objfile
            0x400000           0x422000    0x22000        0x0 /usr/bin/python3.14
            0xbee000           0xc35000    0x47000        0x0 
"""

# As printed by GDB 13.1 and 18.1 for a core that the kernel wrote.
CORE_SECTIONS = """\
Exec file: `/usr/bin/python3.14', file type elf64-x86-64.
 [26]     0x00b520c0->0x00ba07a8 at 0x007520c0: .data ALLOC LOAD DATA HAS_CONTENTS
Core file: `/tmp/core', file type elf64-x86-64.
 [0]      0x00000000->0x00005e14 at 0x00e18b68: note0 READONLY HAS_CONTENTS
 [2]      0x00000000->0x000000d8 at 0x00e18c88: .reg HAS_CONTENTS
 [12]      0x00400000->0x00401000 at 0x00006000: load1a ALLOC LOAD READONLY HAS_CONTENTS
 [13]      0x00401000->0x00422000 at 0x00007000: load1b ALLOC READONLY
 [14]      0x00422000->0x00844000 at 0x00007000: load2 ALLOC READONLY CODE
 [17]      0x00b51000->0x00bee000 at 0x00008000: load5 ALLOC LOAD HAS_CONTENTS
 [20]      0x7fb5f2700000->0x7fb5f2800000 at 0x003dc000: load8 ALLOC LOAD HAS_CONTENTS
"""


@pytest.fixture
def target(gdb):
    """A function: an inferior as a target."""
    import gdb_target

    def select(**arguments):
        gdb.inferior = gdb.Inferior(**arguments)
        return gdb_target.selected_target()

    return select


# --- The target ----------------------------------------------------------------------------------


def test_no_process(gdb, target):
    with pytest.raises(aiodbg.NoTarget, match="attach PID.*core-file FILE"):
        target(pid=0, connection=None)


def test_running_process(gdb, target):
    with pytest.raises(aiodbg.NoTarget, match="running.*interrupt"):
        target(threads=[True, True])
    # With "set non-stop on".
    assert target(threads=[True, False]).pid == 4242


@pytest.mark.parametrize("bits, little", [(64, True), (32, False)])
def test_architecture(gdb, bits, little):
    import gdb_target

    gdb.inferior = gdb.Inferior(bits=bits)
    gdb.inferior.little = little
    found = gdb_target.selected_target()
    assert found.word_size == bits // 8
    assert (found.byte_order == aiodbg.ByteOrder.LITTLE_ENDIAN) == little


@pytest.mark.parametrize(
    "connection, kind",
    [("native", "PROCESS"), ("remote", "PROCESS"), (None, "PROCESS"), ("core", "CORE")],
)
def test_kind(target, connection, kind):
    assert target(connection=connection).kind == aiodbg.TargetKind["TARGET_" + kind]


def test_only_a_process_of_this_machine_may_be_read_directly(target):
    assert target(connection="native").local_pid == 4242
    for connection in ("remote", "core", None):
        assert target(connection=connection).local_pid == 0


def test_selected_thread(gdb, target):
    assert target().tid == 0
    gdb.selected = gdb.Thread(ptid=(4242, 4243, 0))
    assert target().tid == 4243


def test_version(target):
    assert re.match(r"GDB 13\.1 with Python 3\.\d+", target().debugger)


def test_mappings_of_a_core(gdb, target):
    gdb.cli_output["maintenance info sections"] = CORE_SECTIONS
    gdb.cli_output["info proc mappings"] = (
        "Mapped address spaces:\n\n"
        "          Start Addr           End Addr       Size     Offset objfile\n"
        "            0x400000           0x422000    0x22000        0x0 /usr/bin/a python\n"
        "      0x7fb5f9000000     0x7fb5f9001000     0x1000        0x0 /usr/lib/other.so\n"
    )
    found = target(connection="core").mapping
    assert found(0x400800) == (0x400000, 0x401000, True, "/usr/bin/a python")
    assert found(0x401000) == (0x401000, 0x422000, False, "/usr/bin/a python")
    assert found(0xB51000) == (0xB51000, 0xBEE000, True, "")
    # A core need not list what was never written to.
    assert found(0x7FB5F9000000)[2:] == (False, "/usr/lib/other.so")
    assert found(0x1000) is None


def test_mappings_of_a_process(gdb, target):
    gdb.cli_output["info proc mappings"] = MAPPINGS
    found = target().mapping
    assert found(0x400000) == (0x400000, 0x422000, True, "/usr/bin/python3.14")
    assert found(0x7FFFF0000000) == (0x7FFFF0000000, 0x7FFFF0001000, False, "")
    assert found(0x844000) is None
    gdb.cli_output["info proc mappings"] = OLD_MAPPINGS
    assert target().mapping(0x400000) == (0x400000, 0x422000, None, "/usr/bin/python3.14")


def test_source_lines(gdb, target, tmp_path, monkeypatch):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("one\ntwo\n")
    (tmp_path / "flat.py").write_text("flat\n")
    gdb.cli_output["show substitute-path"] = (
        "List of all source path substitution rules:\n  `/build/' -> `%s'.\n" % tmp_path
    )
    found = target(connection="core")
    assert found.source_line("/build/app/main.py", 2) == "two"
    assert found.source_line("/build/app/main.py", 3) is None
    assert found.source_line("/builder/app/main.py", 1) is None
    gdb.parameters["sysroot"] = str(tmp_path)
    assert found.source_line("/app/main.py", 1) == "one"
    gdb.parameters["directories"] = "%s:$cdir:$cwd" % tmp_path
    assert found.source_line("/elsewhere/flat.py", 1) == "flat"
    gdb.parameters["directories"] = "$cdir:$cwd"
    monkeypatch.chdir(tmp_path)
    assert found.source_line("/elsewhere/flat.py", 1) == "flat"


def test_source_of_a_process_is_looked_for_in_its_own_root(target):
    assert next(target().source_files("/app/main.py")) == "/proc/4242/root/app/main.py"


def test_read(target):
    found = target(memory={0x1000: b"0123456789"})
    assert bytes(found.read(0x1002, 4)) == b"2345"
    with pytest.raises(aiodbg.MemoryFault):
        found.read(0x1008, 4)


def test_other_failures_of_a_read_are_no_fault(gdb, target):
    found = target()

    def fail(address, length):
        raise gdb.error("Remote connection closed")

    gdb.inferior.read_memory = fail
    with pytest.raises(gdb.error, match="Remote connection closed"):
        found.read(0x1000, 4)


def test_memory_of_a_file_that_gdb_lacks_is_a_fault(gdb, target):
    found = target(connection="core")

    def fail(address, length):
        raise gdb.error("Memory at address 0x1000 unavailable.")

    gdb.inferior.read_memory = fail
    with pytest.raises(aiodbg.MemoryFault):
        found.read(0x1000, 4)


def test_sections(gdb, target):
    gdb.cli_output["info files"] = INFO_FILES
    found = target()
    assert list(found.sections(".PyRuntime")) == [(0xBA07C0, 0x4D4C8)]
    assert list(found.sections(".AsyncioDebug")) == [
        (0x7F53175177C0, 0x68),
        (0x7F54175177C0, 0x68),
    ]
    assert list(found.sections(".Asyncio")) == []
    assert gdb.executed.count("info files") == 1


@pytest.mark.parametrize(
    "text",
    [
        'Symbol "_PyRuntime" is at 0xba07c0 in a file compiled without debugging.\n',
        'Symbol "_PyRuntime" is static storage at address 0xba07c0.\n',
    ],
)
def test_symbol(gdb, target, text):
    gdb.cli_output["info address _PyRuntime"] = text
    assert next(iter(target().symbols("_PyRuntime"))) == 0xBA07C0
    # Nothing dearer was asked.
    assert gdb.executed == ["info address _PyRuntime"]


FILES = """\
	0x0000000000422000 - 0x0000000000422008 is .text
	0x0000000000422010 - 0x0000000000422018 is .rodata
"""


def test_a_core_without_what_was_mapped(gdb, target):
    """GDB 13 reads the section that a read begins in, and zeros behind it."""
    gdb.cli_output["maintenance info sections"] = CORE_SECTIONS
    gdb.cli_output["info files"] = FILES
    found = target(connection="core")
    memory = {0x422000: b"code1234", 0x422010: b"constant"}

    def read_memory(address, length):
        part = memory.get(address, b"")[:length]
        return memoryview(part + bytes(length - len(part)))

    found._inferior.read_memory = read_memory
    assert bytes(found.read(0x422000, 0x20)) == b"code1234" + bytes(8) + b"constant" + bytes(8)
    assert bytes(found.read(0x422010, 4)) == b"cons"
    # Where no file has anything, or nothing but zeros is known, nothing is.
    with pytest.raises(aiodbg.MemoryFault):
        found.read(0x430000, 16)


def test_a_core_that_is_cut(gdb, target, tmp_path):
    """GDB takes what is behind its end from files, as if nothing had been written to it."""
    core = tmp_path / "core"
    core.write_bytes(bytes(0x9000))
    gdb.cli_output["maintenance info sections"] = CORE_SECTIONS
    gdb.cli_output["info files"] = "Local core dump file:\n\t`%s', file type elf64-x86-64.\n" % core
    found = target(connection="core")
    found._inferior.read_memory = lambda address, length: memoryview(b"x" * length)
    assert bytes(found.read(0xB51FF0, 0x10)) == b"x" * 0x10
    for address in (0xB51FF1, 0xB52000, 0x7FB5F2700000):
        with pytest.raises(aiodbg.MemoryFault):
            found.read(address, 0x10)
    # What the core should have, it is still said to have lost.
    assert (0xB51000, 0xBEE000, True) in list(found.regions())


def test_all_symbols(gdb, target):
    gdb.cli_output["info address x"] = 'Symbol "x" is at 0x10 in a file compiled without debugging.'
    gdb.files = [gdb.Objfile({"x": 0x20}), gdb.Objfile({}), gdb.Objfile({"x": None})]
    gdb.cli_output["info variables -q ^x$"] = (
        "\nFile ../x.c:\n113:\tint x;\n\nNon-debugging symbols:\n"
        "0x0000000000000010  x\n0x0000000000000030  x\n0x0000000000000040  x1\n"
    )
    assert list(target().symbols("x")) == [0x10, 0x20, 0x30]


def test_no_symbol(gdb, target):
    # What GDB prints if the only declaration is in the debug info of another file.
    gdb.cli_output["info address x"] = 'Symbol "x" is unresolved.\n'
    assert list(target().symbols("x")) == []
    assert list(target().symbols("y")) == []


def test_regions_of_a_process(gdb, target):
    gdb.cli_output["info proc mappings"] = MAPPINGS
    assert list(target().regions()) == [
        (0x400000, 0x422000, False),
        (0x422000, 0x844000, False),
        (0xBEE000, 0xC35000, True),
        (0x7FFFF7FC1000, 0x7FFFF7FC5000, False),
    ]
    gdb.cli_output["info proc mappings"] = OLD_MAPPINGS
    assert list(target().regions()) == [(0x400000, 0x422000, True), (0xBEE000, 0xC35000, True)]


def test_regions_of_a_core(gdb, target):
    gdb.cli_output["maintenance info sections"] = CORE_SECTIONS
    assert list(target(connection="core").regions()) == [
        (0x400000, 0x401000, False),
        (0xB51000, 0xBEE000, True),
        (0x7FB5F2700000, 0x7FB5F2800000, True),
    ]


def test_no_regions_where_the_target_cannot_list_them(target):
    assert list(target(connection="remote").regions()) == []


# --- The commands --------------------------------------------------------------------------------


def test_all_commands_are_registered_with_their_help(gdb, commands, library):
    names = ["asyncio"] + ["asyncio " + command.name for command in library.commands()]
    names += ["set asyncio", "show asyncio"]
    assert sorted(gdb.registered) == sorted(names)
    assert all(gdb.registered[name].prefix for name in ("asyncio", "set asyncio", "show asyncio"))
    for command in library.commands():
        lines = gdb.registered["asyncio " + command.name].doc.split("\n", 3)
        assert lines[0] == command.summary
        assert lines[2].split() == ["Usage:", "asyncio", command.name, *command.usage.split()]
        assert lines[3].strip() == command.help.strip()
    assert gdb.registered["asyncio"].doc.startswith(library.prefix().summary + "\n")


def test_registering_twice(gdb, commands, library):
    commands.register()
    assert len(gdb.registered) == 3 + len(library.commands())


def test_settings(gdb, commands):
    library = aiodbg.debugger.library()
    names = [setting.name for setting in library.settings()]
    assert sorted(gdb.settings) == sorted("asyncio " + name for name in names)
    redact, top = gdb.settings["asyncio redact"], gdb.settings["asyncio top"]
    assert (redact.kind, redact.value, top.value) == (gdb.PARAM_BOOLEAN, True, "default")
    assert gdb.settings["asyncio frames"].choices == ["all", "own"]
    try:
        assert redact.change(False) == "" and library.setting("redact") == "off"
        gdb.command("asyncio set redact on")
        assert redact.value is True and redact.get_show_string("") == "on"
        with pytest.raises(gdb.GdbError, match="not \"many\""):
            top.change("many")
        assert top.value == library.setting("top") == "default"
        gdb.command("set asyncio")
        assert gdb.written[0].startswith("frames:  all\nown:  (none)\n")
        with pytest.raises(gdb.GdbError, match='no setting is "framse": try frames'):
            gdb.command("set asyncio framse own")
    finally:
        library.set("redact", "on")


@pytest.mark.parametrize("line", ["asyncio", "asyncio --help", "asyncio -h"])
def test_prefix_alone_prints_help(gdb, commands, line):
    gdb.cli_output["help asyncio"] = "the help\n"
    gdb.command(line)
    assert gdb.written == ["the help\n", ""]


def test_unknown_command(gdb, commands):
    with pytest.raises(gdb.GdbError, match="nonsense"):
        gdb.command("asyncio nonsense")


def test_help_needs_no_process(gdb, commands, library):
    command = library.commands()[0]
    gdb.command("asyncio %s --help" % command.name)
    assert command.help in gdb.written[0]
    assert not gdb.registered["asyncio " + command.name].repeats


def one_line(error):
    return error.value.args and "\n" not in str(error.value)


def test_no_process_is_one_line(gdb, commands, library):
    with pytest.raises(gdb.GdbError, match="no process and no core") as caught:
        gdb.command("asyncio " + library.commands()[0].name)
    assert one_line(caught)


def test_wrong_usage_is_said_before_the_lack_of_a_process(gdb, commands, library):
    with pytest.raises(gdb.GdbError, match="--nonsense"):
        gdb.command("asyncio %s --nonsense" % library.commands()[0].name)


def test_unbalanced_quotes(gdb, commands, library):
    with pytest.raises(gdb.GdbError, match="no closing quotation") as caught:
        gdb.command('asyncio %s "x' % library.commands()[0].name)
    assert one_line(caught)


def test_process_without_a_runtime(gdb, commands, library):
    gdb.inferior = gdb.Inferior()
    with pytest.raises(gdb.GdbError) as caught:
        gdb.command("asyncio " + library.commands()[0].name)
    assert one_line(caught)


def test_failure_of_gdb_is_one_line(gdb, commands, library, monkeypatch):
    import gdb_target

    def fail(self, name):
        raise gdb.error("Remote connection closed")

    monkeypatch.setattr(gdb_target.GdbTarget, "symbols", fail)
    monkeypatch.setattr(gdb_target.GdbTarget, "sections", fail)
    gdb.inferior = gdb.Inferior()
    with pytest.raises(gdb.GdbError, match="Remote connection closed"):
        gdb.command("asyncio " + library.commands()[0].name)


def test_ctrl_c(gdb, commands, library, monkeypatch):
    import gdb_target

    def interrupt(self, name):
        raise KeyboardInterrupt

    monkeypatch.setattr(gdb_target.GdbTarget, "symbols", interrupt)
    monkeypatch.setattr(gdb_target.GdbTarget, "sections", interrupt)
    gdb.inferior = gdb.Inferior()
    with pytest.raises(KeyboardInterrupt):
        gdb.command("asyncio " + library.commands()[0].name)


class FakeLibrary:
    """Answers each command with the same text, a warning, and maybe an error."""

    def __init__(self, text="", warning=None, error=None):
        self.text = text
        self.warning = warning
        self.error = error
        self.targets = []

    def run_command(self, target, argv, sink):
        self.targets.append(target)
        self.unicode = sink.unicode
        sink.write(self.text.encode())
        if self.warning:
            sink.warn(self.warning)
        if self.error:
            raise self.error


def test_selected_inferior_is_used(gdb, commands):
    library = FakeLibrary()
    for pid in (1, 2, 1):
        gdb.inferior = gdb.Inferior(pid=pid)
        commands.run(library, "ps")
    gdb.inferior = None
    commands.run(library, "ps")
    assert [target and target.pid for target in library.targets] == [1, 2, 1, None]


def test_output_is_printed_before_an_error(gdb, commands):
    error = aiodbg.Error("half of it", aiodbg.Status.CORRUPT)
    with pytest.raises(gdb.GdbError, match="half of it"):
        commands.run(FakeLibrary("text", "a warning", error), "ps")
    assert gdb.written == ["text", "warning: a warning\n"]


def test_few_calls_of_write(gdb, commands):
    library = FakeLibrary("x" * 1000 + "\n")
    commands.run(library, "ps")
    assert gdb.calls_of_write == 1


@pytest.mark.parametrize(
    "charset, unicode, expected",
    [
        ("UTF-8", True, "ü日"),
        ("ANSI_X3.4-1968", False, r"\xfc\u65e5"),
        ("ISO-8859-1", False, r"ü\u65e5"),
        ("nonsense", False, r"\xfc\u65e5"),
    ],
)
def test_host_charset(gdb, commands, charset, unicode, expected):
    gdb.charset = charset
    error = aiodbg.Error("ü日", aiodbg.Status.CORRUPT)
    library = FakeLibrary("ü日", "ü日", error)
    with pytest.raises(gdb.GdbError) as caught:
        commands.run(library, "ps")
    assert library.unicode == unicode
    assert gdb.written == [expected, "warning: %s\n" % expected]
    assert str(caught.value) == expected


def test_completion_replaces_only_the_word_that_gdb_sees(gdb, commands, library):
    name = library.commands()[0].name
    command = gdb.registered["asyncio " + name]
    # GDB takes "-" for the end of a word.
    assert command.complete("--hel", None) is None
    assert command.complete("--hel", "hel") == ["help"]
    assert command.complete("--hel", "--hel") == ["--help"]
    assert "--help" in command.complete("", "")
    assert "--help" in command.complete("'a b' ", "")
    assert command.complete("'a b", "b") == []


def test_completion_of_files(gdb, commands):
    command = gdb.registered["asyncio ps"]
    assert command.complete("--output ", "") == gdb.COMPLETE_FILENAME
    assert command.complete("--output /tm", None) == gdb.COMPLETE_FILENAME
    assert command.complete("--json --output '/tm", "tm") == gdb.COMPLETE_FILENAME


# --- The functions, and aiodbg itself ------------------------------------------------------------


@pytest.fixture
def example(gdb, commands):
    """A recorded process is selected."""
    target = ImageTarget("3.14-example")
    gdb.inferior = gdb.Inferior(connection="remote", memory=dict(target.records))
    (symbol,) = target.symbols("_PyRuntime")
    gdb.cli_output["info address _PyRuntime"] = (
        'Symbol "_PyRuntime" is static storage at address %#x.\n' % symbol
    )
    ((start, length),) = target.sections(".AsyncioDebug")
    section = (start, start + length, ".AsyncioDebug")
    gdb.cli_output["info files"] = "\t0x%x - 0x%x is %s in /x.so\n" % section


def test_snapshot_of_the_selected_inferior(gdb, example):
    assert aiodbg.snapshot().task("Task-1").type == "Task"
    gdb.inferior = None
    with pytest.raises(aiodbg.NoTarget, match="attach PID"):
        aiodbg.snapshot()


def test_function_task(gdb, example):
    task = aiodbg.snapshot().task("TNDNBTG")
    found = gdb.call("_asyncio_task", "TNDNBTG")
    assert int(found) == task.id
    assert found.type.code == gdb.TYPE_CODE_PTR
    assert found.type.target().code == gdb.TYPE_CODE_VOID
    for same in (hex(task.id), task.id, found):
        assert int(gdb.call("_asyncio_task", same)) == task.id


def test_function_task_in_a_language_without_void(gdb, example):
    gdb.types.clear()
    found = gdb.call("_asyncio_task", "TNDNBTG")
    assert (found.type.code, found.type.sizeof) == (gdb.TYPE_CODE_INT, 8)


def test_function_task_that_is_not_there(gdb, example):
    with pytest.raises(gdb.GdbError, match='"TNDNBGT"; nearest: 0x[0-9a-f]+ "TNDNBTG"$'):
        gdb.call("_asyncio_task", "TNDNBGT")
    with pytest.raises(gdb.GdbError, match="no task at 0x10"):
        gdb.call("_asyncio_task", 16)


def test_function_count(gdb, example):
    assert gdb.call("_asyncio_count") == 7


def test_functions_without_a_process(gdb, commands):
    for name, arguments in (("_asyncio_count", ()), ("_asyncio_task", ("x",))):
        with pytest.raises(gdb.GdbError, match="no process and no core"):
            gdb.call(name, *arguments)


def test_functions_have_help(gdb, commands):
    for name, function in gdb.functions.items():
        first, empty, usage = function.doc.splitlines()[:3]
        assert first.startswith("$%s - return" % name) and first.endswith(".")
        assert (empty, usage[: 8 + len(name)]) == ("", "Usage: $" + name)


class TaskCommand:
    """A library with a command that takes a task."""

    name = "task"

    def complete(self, command, words):
        return []

    def word_kind(self, command, words):
        return aiodbg.WordKind.WORD_TASK


@pytest.fixture
def complete(gdb, commands):
    """A function: what GDB gets for a text of which it takes the word for the last one."""

    def run(text, word, unicode=True):
        completion = commands.gdb_completion
        return completion.complete(TaskCommand(), TaskCommand, text, word, unicode)

    return run


def test_completion_of_tasks(example, complete):
    assert complete("TM", None) is None
    assert complete("TM", "TM") == ["TMBTE"]
    assert complete("--depth 1 Task-", "") == ["1"]
    # GDB has cut the word after "Aqua ".
    assert complete('"Aqua R', "R") == ['Regia"']
    # This quote it knows, and closes.
    assert complete("'Aqua R", "Aqua R") == ["Aqua Regia"]
    assert complete("'Aqua R", "'Aqua R") == ["'Aqua Regia'"]
    assert complete("", "") == [
        "Task-1",
        "Sundowning",
        "TMBTE",
        "TNDNBTG",
        "Levitate",
        "DYWTYLM",
        "Aqua\\ Regia",
    ]


def test_completion_of_ids(example, complete):
    ids = [hex(task.id) for task in aiodbg.snapshot().tasks]
    assert complete("0x", "0x") == ids
    assert complete(ids[2], ids[2]) == ids[2:3]


def test_completion_without_a_process(gdb, commands, complete):
    assert complete("x", "x") == []


@pytest.mark.parametrize("event", ["before_prompt", "stop", "cont", "exited", "memory_changed"])
def test_completion_keeps_its_snapshot_while_nothing_happens(gdb, example, complete, event):
    reads = []
    read_memory = gdb.inferior.read_memory
    gdb.inferior.read_memory = lambda *place: reads.append(place) or read_memory(*place)
    assert complete("TM", "TM") == ["TMBTE"]
    first = len(reads)
    assert complete("TN", "TN") == ["TNDNBTG"]
    assert len(reads) == first > 0
    getattr(gdb.events, event).fire()
    assert complete("TN", "TN") == ["TNDNBTG"]
    assert len(reads) == 2 * first
    assert len(getattr(gdb.events, event).handlers) == 1


def test_completion_looks_at_the_selected_inferior(gdb, example, complete):
    recorded = gdb.inferior
    assert complete("TM", "TM") == ["TMBTE"]
    gdb.inferior = gdb.Inferior(connection="remote")
    gdb.inferior.num = 2
    assert complete("TM", "TM") == []
    gdb.inferior = recorded
    assert complete("TM", "TM") == ["TMBTE"]


def test_completion_that_takes_long(gdb, example, complete, monkeypatch):
    """Nobody waits, and nobody waits twice."""
    times = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    assert complete("TM", "TM") == []
    taken = next(times)
    assert complete("TM", "TM") == []
    assert next(times) == taken + 10


# --- Loading -------------------------------------------------------------------------------------


@pytest.fixture
def source(gdb, top):
    """A function that runs the script as GDB's `source` does. Returns the names it leaves."""
    path = list(sys.path)

    def run():
        names = runpy.run_path(os.path.join(top, "gdb", "aiodbg_gdb.py"), {"gdb": gdb})
        return {name for name in names if not name.startswith("__")}

    with modules_restored("aiodbg", *GDB_MODULES):
        yield run
    sys.path[:] = path


def test_source(gdb, source, library):
    for _ in range(2):
        assert source() == {"gdb"}
        assert len(gdb.registered) == 3 + len(library.commands())
    assert sys.path.count(os.path.dirname(os.path.abspath(aiodbg.__path__[0]))) == 1


def test_source_never_shadows_gdb(source, top):
    before = set(sys.path)
    source()
    added = {os.path.abspath(folder) for folder in set(sys.path) - before}
    assert added == {os.path.join(top, "core", "python"), os.path.join(top, "gdb")} - before
    assert not os.path.exists(os.path.join(top, "gdb", "__init__.py"))


def test_source_without_a_library(gdb, source, library, monkeypatch):
    monkeypatch.setenv("AIODBG_LIBRARY", "/nonexistent/lib.so")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    before = sys.excepthook
    with pytest.raises(gdb.GdbError, match="/nonexistent/lib.so") as caught:
        source()
    # GDB 13 calls the hook, which prints one line, and is gone then.
    sys.excepthook(caught.type, caught.value, caught.tb)
    assert gdb.written == ["", "%s\n" % caught.value]
    assert sys.excepthook is before
    # The commands say it as well.
    with pytest.raises(gdb.GdbError, match="/nonexistent/lib.so"):
        gdb.command("asyncio ps")
    # And are there once the library is.
    monkeypatch.setenv("AIODBG_LIBRARY", library.path)
    source()
    assert "asyncio " + library.commands()[0].name in gdb.registered


def test_source_finds_the_library_of_the_checkout(gdb, source, library, top, monkeypatch):
    if not library.path.startswith(os.path.join(top, "build")):
        pytest.skip("the library under test is not in the build folder")
    monkeypatch.delenv("AIODBG_LIBRARY", raising=False)
    source()
    assert gdb.registered["asyncio"].prefix


# --- Styles --------------------------------------------------------------------------------------


class Style:
    """As GDB 18 has it: apply() knows whether the output may be styled."""

    enabled = True

    def __init__(self, name):
        if name == "line-number":
            raise RuntimeError("style 'line-number' cannot be found.")
        self.name = name

    def apply(self, text):
        return "\x1b[1m%s\x1b[m" % text if self.enabled else text


def test_styles_of_gdb(gdb, commands, monkeypatch):
    styles = sys.modules["gdb_styles"]
    assert styles.styles() == {}
    monkeypatch.setattr(gdb, "Style", Style, raising=False)
    found = styles.styles()
    assert found[aiodbg.Role.ROLE_TASK] == ("\x1b[1m", "\x1b[m")
    assert aiodbg.Role.ROLE_LINE not in found
    monkeypatch.setattr(Style, "enabled", False)
    assert styles.styles() == {}


def test_width_of_gdb(gdb, commands):
    assert sys.modules["gdb_styles"].width() == 0
    gdb.parameters["width"] = 80
    assert sys.modules["gdb_styles"].width() == 80
