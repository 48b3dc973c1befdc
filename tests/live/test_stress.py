"""A program stopped at random instructions: what is seen is true, or marked."""

import os
import subprocess
import sys

import pytest
from place import CHECKOUT
from root import find_root

STOPS = 100
GDB_STOPS = 20
SECONDS = 120


def stress(interpreter, *options):
    command = [sys.executable, os.path.join(CHECKOUT, "scripts", "stress"), *options]
    if interpreter.place == "root":
        command += ["--root", find_root()]
    done = subprocess.run(
        command + [interpreter.command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
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
