"""asyncio task says of each task what the program knows of it."""

import linecache

import pytest
from cells import DETAILED_PROGRAMS, NoAnswer


@pytest.mark.programs("details")
def test_says_what_the_program_knows(cell):
    details = cell.answer("report")["details"]
    assert len(details) >= 8
    for detail in details:
        lines = text_of(cell, detail["id"]).splitlines()
        assert [line for line in detail["lines"] if line not in lines] == []
        assert "Incomplete:" not in lines


@pytest.mark.programs(*DETAILED_PROGRAMS)
def test_stack_with_source_lines(cell):
    for task in cell.answer("report")["tasks"]:
        lines = text_of(cell, task["id"]).splitlines()
        start = lines.index("Stack, innermost first:" if task["stack"] else "No stack.") + 1
        assert lines[start : lines.index("", start) if "" in lines[start:] else None] == [
            line for frame in task["stack"] for line in shown(cell, frame)
        ]


@pytest.mark.programs(*DETAILED_PROGRAMS)
def test_state_and_awaiters(cell):
    live = {task["id"]: task for task in cell.answer("live")["tasks"]}
    for task in cell.answer("report")["tasks"]:
        text = text_of(cell, task["id"])
        assert "\nstate         %s\n" % task["state"] in text
        for awaiter in live[task["id"]]["awaited_by"]:
            if awaiter["kind"] == "task":
                assert "\n  %s  %s  (" % (awaiter["id"], live[awaiter["id"]]["name"]) in text


def text_of(cell, id):
    text = cell.answer("details")[id]
    assert not isinstance(text, NoAnswer), text.reason
    return text


def shown(cell, frame):
    line = linecache.getline(cell.place.path + frame["file"], frame["line"]).strip()
    place = "  %s %s:%d" % (frame["function"], frame["file"], frame["line"])
    return [place, "      " + line] if line else [place]
