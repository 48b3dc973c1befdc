"""scripts/bench at a small size: commands work and tasks are counted; no time is judged."""

import json
import os
import shutil
import subprocess

import pytest
from cells import everything
from place import CHECKOUT, Absent
from root import find_root

TASKS = 40
COMMANDS = {"ps", "pstree", "pstree --json"}
SHAPES = {"gdb": ["groups"], "lldb-19": ["threads"]}


@pytest.mark.parametrize("debugger", SHAPES)
def test_bench(debugger, tmp_path):
    shapes = ["groups", "threads"] if everything() else SHAPES[debugger]
    try:
        root = find_root()
    except Absent as reason:
        pytest.skip(str(reason))
    if shutil.which(debugger) is None:
        pytest.skip("no " + debugger)
    path = str(tmp_path / "rows.json")
    command = [os.path.join(CHECKOUT, "scripts", "bench"), "--root", root, "--json", path]
    command += ["--tasks", str(TASKS), "--shape", ",".join(shapes), "--runs", "1"]
    done = subprocess.run(
        command + ["--debuggers", debugger],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    # It compares the number of tasks that the program has with those that are found.
    assert done.returncode == 0, done.stdout + done.stderr
    with open(path) as file:
        rows = json.load(file)
    for kind in ("live", "core"):
        mine = [row for row in rows if row["target"] == kind and row["debugger"] == debugger]
        for shape in shapes:
            of_shape = [row for row in mine if row["shape"] == shape]
            assert {row["command"] for row in of_shape if "command" in row} == COMMANDS
            [decoding] = [row["decoding"] for row in of_shape if "decoding" in row]
            assert decoding["tasks"] > TASKS
            assert decoding["floor"] > 0
            # All that is read comes in whole pages.
            assert decoding["stats"]["bytes"] >= decoding["stats"]["reads"] * 4096 > 0
    assert "x floor" in done.stdout and "failed" not in done.stdout.partition("x floor")[2]
