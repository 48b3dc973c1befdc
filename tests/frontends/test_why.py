# SPDX-License-Identifier: MIT
"""asyncio why and --waits, from the package, on recorded memory."""

import json

import aiodbg
import pytest
from image import ImageTarget
from targets import ListSink


def run(library, *argv, name="3.14-example"):
    sink = ListSink()
    library.run_command(ImageTarget(name), list(argv), sink)
    sink.close()
    return "".join(sink.texts)


def test_why_says_something_about_each_task(library):
    text = run(library, "why")
    assert text.startswith(("IDLE: ", "DEADLOCK ", "LOOP BLOCKED "))
    assert " tasks in 1 loop" in text
    assert "One task: asyncio why 0x" in text


def test_headings_are_for_grep(library):
    with pytest.raises(aiodbg.Error) as caught:
        run(library, "why", "--fail-on", "nonsense")
    assert caught.value.status == aiodbg.Status.USAGE


def test_document_comes_before_the_failure(library):
    sink = ListSink()
    with pytest.raises(aiodbg.Error) as caught:
        argv = ["why", "--json", "--fail-on", "cycle"]
        library.run_command(ImageTarget("3.14-cycles"), argv, sink)
    assert caught.value.status == aiodbg.Status.MATCHED
    sink.close()
    assert json.loads("".join(sink.texts))["cycles"]


def test_waits_only_if_asked_for(library):
    assert "waits for" not in run(library, "ps")
    assert "waits for" in run(library, "ps", "--waits")
    assert "<-" not in run(library, "pstree")
    assert "    <- " in run(library, "pstree", "--waits")
    assert "waits_for" not in json.loads(run(library, "ps", "--json"))["tasks"][0]
    assert "waits_for" in json.loads(run(library, "ps", "--json", "--waits"))["tasks"][0]


def test_one_task(library):
    tasks = json.loads(run(library, "ps", "--json"))["tasks"]
    task = tasks[-1]
    assert run(library, "why", task["id"]).startswith("%s  %s\n" % (task["name"], task["id"]))
    with pytest.raises(aiodbg.Error, match="no task, and no lock, queue"):
        run(library, "why", "0x10")
    with pytest.raises(aiodbg.Error, match="no task is named"):
        run(library, "why", "nobody-has-that-name")
