"""CPython's own test.test_external_inspection passes with our answers in place of its tool's."""

import os
import subprocess

import pytest

pytestmark = pytest.mark.usefixtures("library")

SECONDS = 300
# Ours has the whole name.
NOT_CUT = "test_long_task_name_is_truncated"
SOME = {
    "test_async_global_awaited_by",
    "test_async_remote_stack_trace",
    "test_asyncgen_remote_stack_trace",
}


@pytest.mark.required
@pytest.mark.since(3, 14)
def test_of_cpython(interpreter, place, root, library):
    tests = "%s/usr/lib/python%d.%d/test/test_external_inspection.py"
    if place is not root or not os.path.exists(tests % (root.path, *interpreter.version)):
        pytest.skip("no test suite for %s (scripts/make-root installs it)" % interpreter.name)
    command = root.command(
        [
            interpreter.command,
            "-B",
            root.inner_checkout("tests", "live", "external_inspection_inside.py"),
            root.inner_checkout("core", "python"),
        ],
        root.folder("external-" + interpreter.name),
        {"AIODBG_LIBRARY": root.inner_machine(os.path.abspath(library))},
    )
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    outcomes = dict(line.split(": ", 1) for line in lines)
    assert SOME <= set(outcomes)
    assert "[300] != [255]" in outcomes.pop(NOT_CUT)
    assert set(outcomes.values()) == {"passed"}, outcomes
