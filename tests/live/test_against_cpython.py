"""What we show of a live process is what CPython's own tool shows, but for differences.py."""

import subprocess

import cells
import compare
import debugger
import differences
import pytest


def test_differs_only_as_listed(cell):
    found = compare.with_cpython(cell.answer("live"), cell.answer("cpython"))
    differences.check(found, differences.DIFFERENCES, cell)


@pytest.mark.parametrize("python", cells.PYTHONS)
def test_tree_is_the_same_text(root, python, tmp_path):
    """For the example of CPython's documentation, but for the second space before each frame."""
    if not root.has("python" + python):
        pytest.skip("no python%s in %s" % (python, root.path))
    arguments = ["python" + python, "-B", root.inner_program("example")]
    with cells.Process(root, arguments).wait_until_ready() as process:
        command = root.command(["python" + python, "-m", "asyncio", "pstree", str(process.pid)])
        expected = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
        expected = expected.replace("\u2500\u2500  ", "\u2500\u2500 ")
        commands = ["asyncio pstree --output %s/tree" % tmp_path]
        options = debugger.without_symbols(root, python) + ["-p", str(process.pid)]
        done = debugger.gdb(options + debugger.each(commands))
    assert (tmp_path / "tree").read_text(encoding="utf-8") == expected, done.errors
