"""A core shows what the process showed, whoever wrote it, and with no help from symbols."""

import glob
import subprocess

import cells
import compare
import pytest
from place import Absent


def is_like_live(cell, answer, kind="core"):
    other = cell.answer(answer)
    assert other["target"]["kind"] == kind
    assert compare.with_live(other, cell.answer("live")) == []


def need_kernel_cores():
    try:
        cells.kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))


@pytest.mark.matrix("core")
def test_core_of_gdb(cell):
    is_like_live(cell, "gcore")


@pytest.mark.matrix("core")
def test_core_of_kernel(cell):
    need_kernel_cores()
    is_like_live(cell, "kernel")


@pytest.mark.programs(*cells.WITHOUT_FILES)
def test_process_without_any_file(cell):
    """As in a container: GDB finds neither the executable nor a library. What a CPython before 3.13
    does not publish is then found as by its PID."""
    is_like_live(cell, "bare-live", "process")


@pytest.mark.matrix("core without executable")
@pytest.mark.since(3, 13)
@pytest.mark.programs(*cells.WITHOUT_FILES)
def test_core_without_any_file(cell):
    """As from another machine."""
    need_kernel_cores()
    is_like_live(cell, "bare-kernel")


def names_what_is_missing(done):
    """CPython that publishes no offsets is found only through its files: the one error says so."""
    assert done.status != 0
    lines = [line for line in done.error_lines() if "_PyRuntime" in line]
    assert len(lines) == 1, done.errors
    assert "Traceback" not in done.errors
    for word in ("executable", "libpython", "3.13"):
        assert word in lines[0]


@pytest.mark.matrix("core without executable", result="n/a")
@pytest.mark.before(3, 13)
@pytest.mark.programs(*cells.WITHOUT_FILES)
def test_old_core_without_any_file(cell):
    need_kernel_cores()
    names_what_is_missing(cell.refusal("bare-kernel"))


@pytest.mark.programs(*cells.TRUNCATED_PROGRAMS)
@pytest.mark.parametrize("percent", cells.TRUNCATED)
def test_truncated_core(cell, percent):
    """An answer that says it is not complete, or one line of an error; never a crash."""
    need_kernel_cores()
    status, errors, shown = cell.answer("truncated-%d" % percent)
    assert "Traceback" not in errors
    if shown is None:
        assert status == 1
        return
    assert status == 0
    whole = compare.by_id(cell.answer("live")["tasks"])
    assert set(compare.by_id(shown["tasks"])) <= set(whole)
    if shown["complete"]:
        parts = dict(cell.answer("live"), python=shown["python"])
        assert compare.with_live(shown, parts) == []


@pytest.mark.required
def test_files_are_stripped(interpreter, place):
    """So what the other tests show, they show without symbols of static objects."""
    folder = "%s/usr/lib/python%d.%d/lib-dynload/" % (place.path, *interpreter.version)
    extensions = glob.glob(folder + "_asyncio.cpython-3??-*-linux-gnu.so")
    for path in [place.path + interpreter.command] + extensions:
        sections = subprocess.run(["readelf", "-SW", path], stdout=subprocess.PIPE, check=True)
        assert b" .dynsym " in sections.stdout
        assert b" .symtab " not in sections.stdout
        assert b" .debug_info " not in sections.stdout
