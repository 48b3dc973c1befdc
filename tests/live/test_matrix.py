"""The interpreters that the matrix needs, and the table that scripts/matrix makes of results."""

import os
import subprocess
import sys

import pytest
from interpreter import INTERPRETERS, OWN
from place import CHECKOUT

SCRIPT = os.path.join(CHECKOUT, "scripts", "matrix")
CASE = '<testcase><properties><property name="matrix" value="%s"/></properties>%s</testcase>'


def test_own_python_is_there():
    """Most of what is older than the root folder is tested with it."""
    if not any(one.place == "host" and one.required for one in INTERPRETERS.values()):
        pytest.skip("%s is no CPython that has a layout" % OWN)


@pytest.fixture
def matrix(tmp_path):
    """Run the script on results, given as (value of the property, content of the test case)."""

    def run(results, *options):
        path = tmp_path / "results.xml"
        cases = "".join(CASE % result for result in results)
        path.write_text("<testsuites><testsuite>%s</testsuite></testsuites>" % cases)
        command = [sys.executable, "-B", SCRIPT, *options, str(path)]
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )

    return run


def cell(done, row, column):
    lines = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()]
    return next(line for line in lines if line[0] == row)[lines[0].index(column)]


RESULTS = [
    ("3.14 | release | live | GDB 18 | passed", ""),
    ("3.14 | release | live | GDB 9 | passed", ""),
    ("3.14 | debug | live | GDB 9 | passed", ""),
    ("3.14 | release | core | GDB 9 | passed", "<failure/>"),
    ("3.14 | release | core | GDB 9 | passed", ""),
    ("3.8 | release | core without executable | GDB 9 | n/a", ""),
    ("3.8 | release | live | GDB 9 | passed", "<skipped/>"),
    ("3.15 | free-threaded | live | LLDB 21 | passed", ""),
]


def test_table(matrix):
    done = matrix(RESULTS)
    assert done.returncode == 0, done.stderr
    assert cell(done, "3.14", "GDB live") == "passed (9, 18)"
    assert cell(done, "3.14 debug", "GDB live") == "passed (9)"
    assert cell(done, "3.14", "GDB core") == "failed (9)"
    assert cell(done, "3.8", "GDB core without executable") == "n/a"
    assert cell(done, "3.8", "GDB live") == "not tried"
    assert cell(done, "3.15 free-threaded", "LLDB live") == "passed (21)"


def test_each_version_has_rows(matrix):
    rows = [line.split(" | ")[0].strip("| ") for line in matrix([]).stdout.splitlines()[2:]]
    assert rows[:2] == ["3.8", "3.8 debug"]
    assert rows[-3:] == ["3.15", "3.15 debug", "3.15 free-threaded"]
    assert "3.12 free-threaded" not in rows


def test_what_passed_before_must_pass(matrix, tmp_path):
    before = tmp_path / "before.md"
    before.write_text("# Title\n\n" + matrix(RESULTS).stdout + "\nText\n")
    same = matrix(RESULTS, "--compare", str(before))
    assert (same.returncode, same.stderr) == (0, "")
    fewer = matrix(RESULTS[1:], "--compare", str(before))
    assert fewer.returncode == 1
    assert fewer.stderr == "passed before, and not now: 3.14, release, live, GDB 18\n"
    before.write_text("no table\n")
    assert matrix(RESULTS, "--compare", str(before)).returncode == 1


def test_rows_of_other_machines(matrix, tmp_path):
    results = RESULTS + [("3.14 | s390x | core | GDB 9 | passed", "")]
    done = matrix(results)
    assert cell(done, "3.14 s390x", "GDB core") == "passed (9)"
    before = tmp_path / "before.md"
    before.write_text(done.stdout)
    again = matrix(RESULTS, "--compare", str(before), "--everywhere")
    assert again.stderr == "passed before, and not now: 3.14, s390x, core, GDB\n"


def test_what_every_machine_has(matrix, tmp_path):
    """3.8 may be there, 3.14 has to be; another GDB is as good."""
    before = tmp_path / "before.md"
    old = [("3.8 | free-threaded | live | GDB 9 | passed", "")]
    old.append(("3.14 | release | live | GDB 9 | passed", ""))
    before.write_text(matrix(old).stdout)
    newer = [("3.14 | release | live | GDB 10 | passed", "")]
    assert matrix(newer, "--compare", str(before), "--everywhere").returncode == 0
    none = matrix([], "--compare", str(before), "--everywhere")
    assert none.stderr == "passed before, and not now: 3.14, release, live, GDB\n"


README = """
| target | live | core | recorded memory |
|---|---|---|---|
| CPython 3.14 | GDB 9, 18 | | yes |
| CPython 3.14d | GDB 9; LLDB 21 | n/a | |
| CPython 3.15t | LLDB 21 | | yes |
"""


def test_table_of_the_readme(matrix, tmp_path):
    """It has fewer columns; what a cell names has passed."""
    before = tmp_path / "README.md"
    before.write_text(README)
    done = matrix(RESULTS, "--compare", str(before))
    assert done.returncode == 1
    assert done.stderr == "passed before, and not now: 3.14, debug, live, LLDB 21\n"
