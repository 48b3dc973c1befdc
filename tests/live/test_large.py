"""Ten thousand levels take seconds, and are all there."""

import json
import time

import compare
import debugger
import pytest
from cells import Process

SECONDS = 10
SIZES = {"deep": 10000, "chain": 10000, "diamonds": 1000}
BYTES_PER_LINE = 1000


@pytest.mark.required
@pytest.mark.parametrize("program", sorted(SIZES))
def test_large(interpreter, place, program, tmp_path):
    inner = place.folder("large-%s-%s" % (interpreter.name, program))
    environment = {"AIODBG_SIZE": str(SIZES[program]), "AIODBG_REPORT": inner + "/report"}
    arguments = [interpreter.command, "-B", place.inner_program(program)]
    commands = ["asyncio ps --json --output %s/ps" % tmp_path]
    commands += ["asyncio pstree --output %s/tree" % tmp_path]
    with Process(place, arguments, inner, environment).wait_until_ready() as process:
        options = debugger.without_symbols(place, interpreter.command)
        options += ["-p", str(process.pid)]
        start = time.monotonic()
        done = debugger.gdb(options + debugger.each(commands))
        seconds = time.monotonic() - start
    assert done.status == 0, done.errors
    ours = json.loads((tmp_path / "ps").read_text())
    with open(place.outer(inner) + "/report") as file:
        report = json.load(file)
    assert compare.with_program(ours, report) == []
    lines = sum(1 + len(task["stack"]) + len(task["awaited_by"]) for task in ours["tasks"])
    assert (tmp_path / "tree").stat().st_size < lines * BYTES_PER_LINE
    assert seconds < SECONDS
