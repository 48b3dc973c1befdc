"""Colours reach a terminal, and nothing else."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import lldb_debugger
import pytest
from place import CHECKOUT, PROGRAMS
from test_view_options import pid  # noqa: F401: a fixture

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
GDB = ["gdb", "-nx", "-q", "-x"]
AIODBG = os.path.join(CHECKOUT, "build", "core", "cli", "aiodbg")
SECONDS = 60


def in_terminal(words, lines, environment):
    """What is written to a terminal of its own while lines are typed, up to its end."""
    parent, child = pty.openpty()
    # LLDB takes one without a size for none.
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("4H", 50, 200, 0, 0))
    variables = {"PATH": os.environ["PATH"], "HOME": "/root", "LC_ALL": "C.UTF-8"}
    variables.update(environment)
    with subprocess.Popen(words, stdin=child, stdout=child, stderr=child, env=variables) as process:
        os.close(child)
        os.write(parent, "".join(line + "\n" for line in lines).encode())
        data, end = b"", time.monotonic() + SECONDS
        while time.monotonic() < end:
            if select.select([parent], [], [], 1)[0]:
                try:
                    data += os.read(parent, 65536)
                except OSError:
                    break
            elif process.poll() is not None:
                break
        process.kill()
    os.close(parent)
    return data.decode("utf-8", "replace")


def styled_lines(text):
    """Lines of ours that have a colour."""
    lines = [line for line in text.splitlines() if re.search(r"sleeps|waits for Lock|query", line)]
    assert lines, text
    return [line for line in lines if ESCAPE.search(line)]


environments = pytest.mark.parametrize(
    "environment, colored",
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)


@environments
@pytest.mark.parametrize("which", lldb_debugger.LLDBS)
def test_lldb(which, lldbs, pid, environment, colored):  # noqa: F811
    lldb = lldbs[which]
    words = lldb._words("--no-lldbinit", environment=environment)
    lines = [lldb.load, "asyncio ps --group --pid %d" % pid, "quit"]
    assert bool(styled_lines(in_terminal(words, lines, environment))) == colored


def test_gdb_without_styles(library, pid):  # noqa: F811
    """GDB 13 gives scripts no styles."""
    words = GDB + [CHECKOUT + "/gdb/aiodbg_gdb.py"]
    lines = ["set pagination off", "asyncio ps --group --pid %d" % pid, "quit"]
    text = in_terminal(words, lines, {"TERM": "xterm-256color"})
    if "True" in subprocess.run(
        ["gdb", "-nx", "-batch", "-ex", "python print(hasattr(gdb, 'Style'))"],
        stdout=subprocess.PIPE,
        universal_newlines=True,
    ).stdout:
        pytest.skip("this GDB has styles")
    assert not styled_lines(text)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}])
def test_gdb_in_root_without_colours(library, places, pid, environment):  # noqa: F811
    root = places.get("root")
    script = root.inner_checkout("gdb", "aiodbg_gdb.py")
    words = root.command(["gdb", "-nx", "-q", "-x", script], environment=environment)
    lines = ["set pagination off", "asyncio ps --group --pid %d" % pid, "quit"]
    assert not styled_lines(in_terminal(words, lines, {}))


@pytest.mark.parametrize("language", ["mi", "dap"])
def test_gdb_in_root_that_talks_to_programs(library, places, pid, language):  # noqa: F811
    """What an IDE is given has no colours."""
    root = places.get("root")
    script = root.inner_checkout("gdb", "aiodbg_gdb.py")
    words = ["gdb", "-nx", "-q", "-i", language, "-x", script]
    words = root.command(words, environment={"TERM": "xterm"})
    line = "asyncio ps --group --pid %d" % pid
    if language == "mi":
        asked = b'-interpreter-exec console "%s"\n-gdb-exit\n' % line.encode()
    else:
        asked = b"".join(
            request(number, *one)
            for number, one in enumerate(
                [
                    ("initialize", {"adapterID": "test"}),
                    ("attach", {"pid": pid}),
                    ("configurationDone", {}),
                    ("evaluate", {"expression": line, "context": "repl"}),
                    ("disconnect", {"terminateDebuggee": False}),
                ]
            )
        )
    done = subprocess.run(words, input=asked, stdout=subprocess.PIPE, timeout=SECONDS)
    assert b"query" in done.stdout
    assert b"\x1b" not in done.stdout and b"u001b" not in done.stdout


def request(number, command, arguments):
    """Of the Debug Adapter Protocol."""
    whole = {"seq": number + 1, "type": "request", "command": command, "arguments": arguments}
    text = json.dumps(whole).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(text), text)


def test_gdb_in_root(library, places, pid):  # noqa: F811
    root = places.get("root")
    words = root.command(
        ["gdb", "-nx", "-q", "-x", root.inner_checkout("gdb", "aiodbg_gdb.py")],
        environment={"TERM": "xterm-256color"},
    )
    line = "asyncio ps --group --pid %d" % pid
    text = in_terminal(words, ["set pagination off", "set width 0", line, "quit"], {})
    assert styled_lines(text)
    text = in_terminal(words, ["pipe %s | cat -v" % line, "quit"], {})
    assert "^[" not in text and not styled_lines(text)


@pytest.mark.parametrize("which", lldb_debugger.LLDBS)
def test_no_terminal(which, lldbs, pid):  # noqa: F811
    done = lldbs[which].run(["asyncio ps --group --pid %d" % pid])
    assert "\x1b" not in done.output


@environments
def test_program(library, pid, environment, colored):  # noqa: F811
    shown = in_terminal([AIODBG, "ps", "--group", str(pid)], [], environment)
    assert bool(styled_lines(shown)) == colored
    # Nothing else changes by it.
    words, variables = [AIODBG, "ps", "--group", str(pid)], {"LC_ALL": "C.UTF-8"}
    plain = subprocess.run(words, env=variables, stdout=subprocess.PIPE).stdout.decode()
    assert "\x1b" not in plain
    assert ESCAPE.sub("", shown).replace("\r\n", "\n") == plain


def test_program_tells_that_it_works(library):
    """Tasks that stand still are looked at for some seconds; only a person wants to know."""
    convoy = [sys.executable, "-B", os.path.join(PROGRAMS, "sick", "convoy.py")]
    with subprocess.Popen(convoy, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline()
            words = [AIODBG, "why", str(process.pid)]
            line = "aiodbg why: reading for 2 s; Ctrl-C ends it"
            assert line in in_terminal(words, [], {"TERM": "dumb"})
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        finally:
            process.kill()
    assert done.returncode == 0 and not done.stderr
