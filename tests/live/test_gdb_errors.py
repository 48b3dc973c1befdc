"""What a user gets who asks for what cannot be had: one line, and an exit status that says so."""

import subprocess

import debugger
import pytest
from cells import Process
from interpreter import OWN

pytestmark = pytest.mark.usefixtures("library")

WAITING = "import time; print('READY', __import__('os').getpid(), flush=True); time.sleep(600)"


def one_error(done):
    """The one line; that there is no other, and that GDB's exit status is not zero."""
    assert done.status != 0
    assert len(done.error_lines()) == 1, done.errors
    return done.error_lines()[0]


@pytest.fixture
def sleeping():
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("command", ["ps", "pstree", "ps --json"])
def test_no_process(command):
    done = debugger.gdb(debugger.each(["asyncio " + command]))
    assert "no process" in one_error(done)
    assert done.output == ""


def test_process_without_python(sleeping):
    """The line names what was looked for."""
    options = ["-iex", "set debug-file-directory /nonexistent", "-p", str(sleeping.pid)]
    done = debugger.gdb(options + ["-ex", "asyncio ps"])
    line = one_error(done)
    assert "CPython" in line
    assert "PyRuntime" in line


def test_python_without_asyncio(interpreter, place):
    """That there are no tasks is an answer, but it says that asyncio was never imported."""
    with Process(place, [interpreter.command, "-c", WAITING]).wait_until_ready() as process:
        options = debugger.without_symbols(place, interpreter.command)
        options += ["-p", str(process.pid)]
        done = debugger.gdb(options + ["-ex", "asyncio ps"])
    assert done.status == 0
    assert "asyncio" in done.output + done.errors
    assert "import" in done.output + done.errors


@pytest.mark.parametrize("command", ["ps", "pstree"])
def test_unknown_option(command):
    done = debugger.gdb(debugger.each(["asyncio %s --no-such-option" % command]))
    assert done.status != 0
    assert "--no-such-option" in done.errors
    assert "usage" in done.errors.lower()


def test_unknown_command():
    done = debugger.gdb(debugger.each(["asyncio nosuchcommand"]))
    assert "nosuchcommand" in one_error(done)


def test_unknown_format():
    done = debugger.gdb(debugger.each(["asyncio ps --format nosuchformat"]))
    assert done.status != 0
    assert "nosuchformat" in done.errors


def test_output_that_cannot_be_written(library, places):
    place = places.get("host")
    arguments = [OWN, "-B", place.inner_program("chain")]
    with Process(place, arguments).wait_until_ready() as process:
        options = debugger.without_symbols(place, OWN) + ["-p", str(process.pid)]
        done = debugger.gdb(options + ["-ex", "asyncio ps --output /nonexistent/file"])
    assert "/nonexistent/file" in one_error(done)


@pytest.mark.parametrize("command", ["ps", "pstree"])
def test_help_needs_no_process(command):
    done = debugger.gdb(debugger.each(["asyncio %s --help" % command]))
    assert done.status == 0
    assert "--json" in done.output
    assert done.error_lines() == []
