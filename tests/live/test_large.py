"""Ten thousand levels take seconds, and are all there."""

import json
import time

import cells
import compare
import debugger
import pytest

SECONDS = 10
SIZES = {"deep": 10000, "chain": 10000, "diamonds": 1000}
BYTES_PER_LINE = 1000


@pytest.mark.parametrize("program", sorted(SIZES))
@pytest.mark.parametrize("python", cells.PYTHONS)
def test_large(root, python, program, tmp_path):
    if not root.has("python" + python):
        pytest.skip("no python%s in %s" % (python, root.path))
    inner = root.folder("large-%s-%s" % (python, program))
    environment = {"AIODBG_SIZE": str(SIZES[program]), "AIODBG_REPORT": inner + "/report"}
    arguments = ["python" + python, "-B", root.inner_program(program)]
    commands = ["asyncio ps --json --output %s/ps" % tmp_path]
    commands += ["asyncio pstree --output %s/tree" % tmp_path]
    with cells.Process(root, arguments, inner, environment).wait_until_ready() as process:
        options = debugger.without_symbols(root, python) + ["-p", str(process.pid)]
        start = time.monotonic()
        done = debugger.gdb(options + debugger.each(commands))
        seconds = time.monotonic() - start
    assert done.status == 0, done.errors
    ours = json.loads((tmp_path / "ps").read_text())
    with open(root.outer(inner) + "/report") as file:
        report = json.load(file)
    assert compare.with_program(ours, report) == []
    lines = sum(1 + len(task["stack"]) + len(task["awaited_by"]) for task in ours["tasks"])
    assert (tmp_path / "tree").stat().st_size < lines * BYTES_PER_LINE
    assert seconds < SECONDS
