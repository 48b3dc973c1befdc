"""A program stopped at random instructions: what is seen is true, or marked."""

import os
import subprocess
import sys

import pytest
import stated
from place import CHECKOUT
from root import find_root

STOPS = 100
GDB_STOPS = 20
LOCK_STOPS = 2000 if stated.ALL else 100
# Of each of the healthy programs, at which test_why.py looks by PID on each family.
LOOKS, LOOKED_AT = (20, [(3, 8), (3, 11), (3, 14)]) if stated.ALL else (1, [(3, 14)])
STOPS_OF_HEALTHY, CORES = (40, 1) if stated.ALL else (1, 0)
ATTACHED, ATTACHED_SECONDS = (20, 60) if stated.ALL else (2, 5)
SECONDS = 400


def stress(interpreter, *options, script="stress"):
    command = [sys.executable, os.path.join(CHECKOUT, "scripts", script), *options]
    if interpreter.place == "root":
        command += ["--root", find_root()]
    done = subprocess.run(
        command + [interpreter.command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS if not stated.ALL else None,
    )
    return done.returncode, done.stdout.decode()


@pytest.mark.required
def test_stopped_anywhere(interpreter, place):
    status, output = stress(interpreter, "--stops", str(STOPS))
    assert status == 0, output
    assert "stops: %d" % STOPS in output


@pytest.mark.required
def test_stopped_anywhere_by_gdb(interpreter, place):
    status, output = stress(interpreter, "--stops", str(GDB_STOPS), "--gdb")
    assert status == 0, output
    assert "stops: %d" % GDB_STOPS in output


@pytest.mark.only((3, 8), (3, 11), (3, 14))
def test_holders_anywhere(interpreter, place):
    """While locks are taken and given."""
    if not stated.says("ps", "--waits"):
        pytest.skip("asyncio ps has no --waits")
    status, output = stress(interpreter, "--stops", str(LOCK_STOPS), script="stress-locks")
    assert status == 0, output
    assert "stops: %d" % LOCK_STOPS in output


@pytest.mark.only(*LOOKED_AT)
def test_nothing_is_found_wrong(interpreter, place):
    """While healthy programs work as fast as they can."""
    status, output = stress(interpreter, "--looks", str(LOOKS), script="stress-verdicts")
    assert status == 0, output
    assert "looks: " in output


@pytest.mark.only(*LOOKED_AT)
def test_nothing_is_found_wrong_at_a_stop(interpreter, place):
    options = ("--stops", str(STOPS_OF_HEALTHY), "--cores", str(CORES))
    status, output = stress(interpreter, *options, script="stress-verdicts")
    assert status == 0, output
    assert "stops: " in output and "certain" not in output


@pytest.mark.optional
@pytest.mark.skipif(not stated.ALL, reason="takes minutes: scripts/check --all")
@pytest.mark.only((3, 11))
def test_nothing_is_found_wrong_after_a_while(interpreter, place):
    """A debugger has been attached for some time before it is asked."""
    options = ("--attached", str(ATTACHED), "--seconds", str(ATTACHED_SECONDS))
    status, output = stress(interpreter, *options, script="stress-verdicts")
    assert status == 0, output
    assert "attached: %d" % ATTACHED in output
