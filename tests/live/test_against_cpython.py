"""What we show of a live process is what CPython's own tool shows, but for differences.py."""

import subprocess

import compare
import debugger
import differences
import pytest
from cells import Process


@pytest.mark.since(3, 14)
def test_differs_only_as_listed(cell):
    found = compare.with_cpython(cell.answer("live"), cell.answer("cpython"))
    differences.check(found, differences.DIFFERENCES, cell)


@pytest.mark.since(3, 14)
def test_tree_is_the_same_text(interpreter, place, tmp_path):
    """For the example of CPython's documentation, but for the second space before each frame."""
    arguments = [interpreter.command, "-B", place.inner_program("example")]
    with Process(place, arguments).wait_until_ready() as process:
        arguments = [interpreter.command, "-m", "asyncio", "pstree", str(process.pid)]
        command = place.command(arguments)
        expected = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
        expected = expected.replace("\u2500\u2500  ", "\u2500\u2500 ")
        commands = ["asyncio pstree --output %s/tree" % tmp_path]
        options = debugger.without_symbols(place, interpreter.command) + ["-p", str(process.pid)]
        done = debugger.gdb(options + debugger.each(commands))
    assert (tmp_path / "tree").read_text(encoding="utf-8") == expected, done.errors
