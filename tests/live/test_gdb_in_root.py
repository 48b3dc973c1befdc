"""The newer GDB that is in the root folder, as its user would start it."""

import json
import shutil

import cells
import compare
import debugger
import pytest


@pytest.mark.parametrize("python", cells.PYTHONS)
def test_newer_gdb(root, library, python):
    for command in ("gdb", "python" + python):
        if not root.has(command):
            pytest.skip("no %s in %s" % (command, root.path))
    inner = root.folder("gdb-" + python)
    shutil.copy(library, root.outer(inner) + "/libaiodbg.so")
    environment = {"AIODBG_LIBRARY": inner + "/libaiodbg.so", "AIODBG_REPORT": inner + "/report"}
    arguments = ["python" + python, "-B", root.inner_program("waiting")]
    with cells.Process(root, arguments, inner, environment).wait_until_ready() as process:
        commands = ["asyncio ps --json --output %s/ps" % inner]
        done = debugger.gdb(
            ["-p", str(process.pid)] + debugger.each(commands),
            prefix=root.command([], inner, environment),
            script=root.inner_checkout("gdb", "aiodbg_gdb.py"),
        )
    assert done.status == 0, done.errors
    assert done.error_lines() == []
    found = []
    for name in ("ps", "report"):
        with open("%s/%s" % (root.outer(inner), name)) as file:
            found.append(json.load(file))
    assert compare.with_program(*found) == []
