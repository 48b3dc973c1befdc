"""What we show of a live process is what the program knows of itself: all of it, frame by frame."""

import compare
import differences
import pytest


def test_shows_what_the_program_knows(cell):
    found = compare.with_program(cell.answer("live"), cell.answer("report"))
    differences.check(found, differences.LIMITS, cell)


def test_is_of_the_version_that_it_says(cell):
    live, report = cell.answer("live"), cell.answer("report")
    assert (live["format"], live["version"]) == ("aiodbg-snapshot", 1)
    assert live["python"]["hexversion"] == report["hexversion"]
    assert live["python"]["version"] == report["python"].split()[0]
    assert live["python"]["free_threaded"] is False
    assert live["python"]["debug"] is cell.python.endswith("d")
    assert live["target"]["kind"] == "process"


def test_cycles(cell):
    live = cell.answer("live")
    names = {task["id"]: task["name"] for task in live["tasks"]}
    found = [[names[id] for id in cycle] for cycle in live["cycles"]]
    assert found == ([["a", "b"], ["x", "y", "z"]] if cell.program == "cycles" else [])


@pytest.mark.programs("ended_thread")
def test_thread_of_a_task_without_one(cell):
    """A loop that no thread runs: the thread that created the task, if it is still there."""
    tids = {task["name"]: task["tid"] for task in cell.answer("live")["tasks"]}
    main = tids["Task-3"]
    for name in ("rest", "awaits", "never-started"):
        assert tids["ended-" + name] is None
        assert tids["stopped-" + name] == main
