# SPDX-License-Identifier: MIT
"""What the front-ends share."""

import aiodbg
import pytest


def test_split_line():
    assert aiodbg.split_line("""ps --output "a b" 'c'""") == ["ps", "--output", "a b", "c"]
    with pytest.raises(aiodbg.Error) as caught:
        aiodbg.split_line('ps "a')
    assert str(caught.value) == "no closing quotation"
    assert caught.value.status == aiodbg.Status.USAGE


# --- Progress ------------------------------------------------------------------------------------


def test_progress_lines(monkeypatch):
    now, lines = [100.0], []
    monkeypatch.setattr(aiodbg.frontend.time, "monotonic", lambda: now[0])
    progress = aiodbg.ProgressLines("asyncio ps", lines.append)
    for now[0] in (100.5, 101.9, 102.1, 103.0, 104.2, 104.3):
        progress.step()
    assert lines == [
        "asyncio ps: reading for 2 s; Ctrl-C ends it\n",
        "asyncio ps: reading for 4 s; Ctrl-C ends it\n",
    ]
    progress.end()
    now[0] = 200.0
    progress.step()
    assert len(lines) == 2


def test_no_progress_where_nobody_looks_on(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(aiodbg.frontend.time, "monotonic", lambda: now[0])
    progress = aiodbg.ProgressLines("asyncio ps", None)
    now[0] = 200.0
    progress.step()
