"""A core shows what the process showed, whoever wrote it, and with no help from symbols."""

import glob
import subprocess

import cells
import compare
import pytest
from root import Absent


def is_like_live(cell, answer, kind="core"):
    other = cell.answer(answer)
    assert other["target"]["kind"] == kind
    assert compare.with_live(other, cell.answer("live")) == []


def need_kernel_cores():
    try:
        cells.kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))


def test_core_of_gdb(cell):
    is_like_live(cell, "gcore")


def test_core_of_kernel(cell):
    need_kernel_cores()
    is_like_live(cell, "kernel")


@pytest.mark.programs(*cells.WITHOUT_FILES)
def test_process_without_any_file(cell):
    """As in a container: GDB finds neither the executable nor a library."""
    is_like_live(cell, "bare-live", "process")


@pytest.mark.programs(*cells.WITHOUT_FILES)
def test_core_without_any_file(cell):
    """As from another machine."""
    need_kernel_cores()
    is_like_live(cell, "bare-kernel")


@pytest.mark.programs(*cells.WITHOUT_FILES)
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


@pytest.mark.parametrize("python", cells.PYTHONS)
def test_files_are_stripped(root, python):
    """So what the other tests show, they show without symbols of static objects."""
    if not root.has("python" + python):
        pytest.skip("no python%s in %s" % (python, root.path))
    extensions = "/usr/lib/python%s/lib-dynload/_asyncio.cpython-3??-*-linux-gnu.so" % python
    files = [root.path + "/usr/bin/python" + python] + glob.glob(root.path + extensions)
    for path in files:
        sections = subprocess.run(["readelf", "-SW", path], stdout=subprocess.PIPE, check=True)
        assert b" .dynsym " in sections.stdout
        assert b" .symtab " not in sections.stdout
        assert b" .debug_info " not in sections.stdout
