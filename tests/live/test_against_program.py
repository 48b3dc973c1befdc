"""What we show of a live process is what the program knows of itself: all of it, frame by frame."""

import compare
import differences
import pytest


# The cycles of programs that have any, by the names of their tasks.
CYCLES = {
    "cycles": [["a", "b"], ["x", "y", "z"]],
    "everything": [["a", "b"]],
    "small": [["a", "b"]],
}


@pytest.mark.matrix("live")
def test_shows_what_the_program_knows(cell):
    found = compare.with_program(cell.answer("live"), cell.answer("report"))
    differences.check(found, differences.LIMITS, cell)


def test_is_of_the_version_that_it_says(cell):
    live, report = cell.answer("live"), cell.answer("report")
    assert (live["format"], live["version"]) == ("aiodbg-snapshot", 1)
    assert live["python"]["hexversion"] == report["hexversion"]
    assert live["python"]["version"] == report["python"].split()[0]
    assert live["python"]["free_threaded"] is cell.interpreter.free_threaded
    assert live["python"]["debug"] is cell.interpreter.debug
    assert live["target"]["kind"] == "process"


@pytest.mark.programs("everything")
def test_everything_is_a_lot(cell):
    """All ways to wait in one process are only what it says if they are many."""
    assert len(cell.answer("report")["tasks"]) >= 50


def test_cycles(cell):
    live = cell.answer("live")
    names = {task["id"]: task["name"] for task in live["tasks"]}
    found = [from_first([names[id] for id in cycle]) for cycle in live["cycles"]]
    assert sorted(found) == CYCLES.get(cell.program, [])


def from_first(cycle):
    """A cycle begins where it was entered, which depends on addresses: turn it to its first."""
    start = cycle.index(min(cycle))
    return cycle[start:] + cycle[:start]


@pytest.mark.programs("ended_thread")
def test_thread_of_a_task_without_one(cell):
    """A loop that no thread runs: the thread that created the task, if it is still there."""
    live = cell.answer("live")
    tids = {task["name"]: task["tid"] for task in live["tasks"]}
    # Before 3.14 nobody keeps who created a task.
    creator = live["target"]["pid"] if cell.interpreter.version >= (3, 14) else None
    for name in ("rest", "awaits", "never-started"):
        assert tids["ended-" + name] is None
        assert tids["stopped-" + name] == creator
