# SPDX-License-Identifier: MIT
"""scripts/check-rooms refuses what it is there to refuse."""

import pathlib
import shutil
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).parents[1]


@pytest.fixture
def tree(tmp_path):
    shutil.copytree(TOP / "core", tmp_path / "core", ignore=shutil.ignore_patterns("python"))
    return tmp_path


def check(top):
    command = [sys.executable, str(TOP / "scripts/check-rooms"), str(top)]
    done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, check=False)
    return done.returncode, done.stdout


def test_this_tree_is_in_order():
    assert check(TOP) == (0, "")


@pytest.mark.parametrize(
    "path, line, message",
    [
        (
            "memory/reader.h",
            '#include "cpython/decoder.h"',
            "memory/reader.h: includes cpython/decoder.h, of a later room",
        ),
        (
            "cpython/decoder.h",
            '#include "cpython/object.h"',
            "cpython/decoder.h: includes itself by way of others",
        ),
        ("base/text.c", '#include "text.h"', "text.h, which is no path below core/"),
        (
            "session/doctor.c",
            "void f(void) { aiodbg_close(NULL); }",
            "session/doctor.c: calls aiodbg_close(), which is public",
        ),
        ("base/text.c", "\n" * 600, "of 600 at most"),
        ("base/text.c", "/* As in text_gone(). */", "names text_gone(), which is not there"),
        ("base/text.c", "/* As in base/arrays.h. */", "names base/arrays.h, which is not there"),
    ],
)
def test_what_is_refused(tree, path, line, message):
    with open(str(tree / "core" / path), "a") as file:
        file.write(line + "\n")
    status, out = check(tree)
    assert status == 1
    assert message in out
