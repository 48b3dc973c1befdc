# SPDX-License-Identifier: MIT
"""Completion: what is typed is split and continued as a shell would."""

import random
import shlex

import aiodbg
import pytest
from aiodbg.library import SnapshotHandle
from aiodbg.completion import PartialLine, complete
from image import ImageTarget


@pytest.mark.parametrize(
    "text, words, word, typed, state",
    [
        ("", [], "", "", ""),
        ("a", [], "a", "a", ""),
        ("a ", ["a"], "", "", ""),
        ("a\tb c", ["a", "b"], "c", "c", ""),
        ("'a b", [], "a b", "'a b", "'"),
        ("x 'a b' ", ["x", "a b"], "", "", ""),
        ('x "a b', ["x"], "a b", '"a b', '"'),
        ('x y"a b', ["x"], "ya b", 'y"a b', '"'),
        (r"a\ b", [], "a b", r"a\ b", ""),
        (r"a\n", [], "an", r"a\n", ""),
        (r'"a\n', [], r"a\n", r'"a\n', '"'),
        (r'"a\"\\', [], 'a"\\', r'"a\"\\', '"'),
        (r"'a\n", [], r"a\n", r"'a\n", "'"),
        ("a\\", [], "a", "a\\", "\\"),
        ('"a\\', [], "a", '"a\\', '"\\'),
        ("'' ", [""], "", "", ""),
    ],
)
def test_partial_line(text, words, word, typed, state):
    line = PartialLine(text)
    assert (line.words, line.word, line.typed, line.state) == (words, word, typed, state)


def test_words_are_those_of_the_whole_line():
    """And what is typed further is what was meant."""
    randomly = random.Random(7)
    for _ in range(3000):
        text = "".join(randomly.choice("ab \t'\"\\") for _ in range(randomly.randrange(12)))
        line = PartialLine(text)
        if line.state:
            with pytest.raises(ValueError):
                shlex.split(text)
        else:
            assert shlex.split(text) == line.words + [line.word] * bool(line.typed)
        name = line.word + "".join(randomly.choice("ab '\"\\") for _ in range(5))
        typed = line.typed_further(name)
        if typed is None:
            assert line.state.endswith("\\")
        else:
            assert typed.startswith(line.typed)
            assert shlex.split(typed) == [name]


class TaskCommand:
    """A library with a command that takes a task, and an option."""

    def __init__(self, kind=aiodbg.WordKind.WORD_TASK):
        self.kind = kind

    def complete(self, command, words):
        return [option for option in ["--help"] if option.startswith(words[-1])]

    def word_kind(self, command, words):
        return self.kind


def completed(text, image="3.14-example", unicode=True):
    snapshot = aiodbg.snapshot(ImageTarget(image))
    return complete(TaskCommand(), "task", PartialLine(text), lambda: snapshot, unicode)


def test_options_and_tasks():
    assert completed("-") == ["--help"]
    assert completed("S") == ["Sundowning"]
    assert completed("") == [
        "--help",
        "Task-1",
        "Sundowning",
        "TMBTE",
        "TNDNBTG",
        "Levitate",
        "DYWTYLM",
        r"Aqua\ Regia",
    ]


@pytest.mark.parametrize(
    "text, typed",
    [
        ("A", r"Aqua\ Regia"),
        ('"A', '"Aqua Regia"'),
        ("'Aqua ", "'Aqua Regia'"),
        ('Aq"ua R', 'Aq"ua Regia"'),
        (r"Aqua\ R", r"Aqua\ Regia"),
    ],
)
def test_quotes_are_kept(text, typed):
    assert completed(text) == [typed]


def test_no_snapshot_where_no_task_is_asked_for():
    for kind in aiodbg.WordKind:
        asked = []
        complete(TaskCommand(kind), "task", PartialLine("x"), lambda: asked.append(1), True)
        assert asked == [1] * (kind == aiodbg.WordKind.WORD_TASK)


@pytest.mark.parametrize("unicode", [True, False])
def test_every_completion_is_a_task(unicode):
    """Names that have to be escaped, in a line and for a terminal."""
    snapshot = aiodbg.snapshot(ImageTarget("3.14-names"))
    found = completed("", "3.14-names", unicode)[1:]
    assert len(found) == len(set(found)) > 10
    assert unicode or "".join(found).isascii()
    for text in found:
        (name,) = shlex.split(text)
        try:
            snapshot.task(name)
        except aiodbg.Error as error:
            # There are several, which its message lists.
            assert error.status == aiodbg.Status.USAGE


def test_names_that_no_command_takes(monkeypatch):
    names = iter(["", "-x", "--help", "x-"])
    monkeypatch.setattr(SnapshotHandle, "complete", lambda *_: names)
    assert completed("")[1:] == ["x-"]


def test_a_name_is_offered_once():
    snapshot = aiodbg.snapshot(ImageTarget("3.14-names"))
    assert [task.name for task in snapshot.tasks].count("Task-1") == 2
    assert completed("Task-1", "3.14-names") == ["Task-1"]


def test_nobody_waits_for_names(monkeypatch):
    given = []
    names = (given.append(1) or "x%d" % len(given) for _ in range(100))
    monkeypatch.setattr(SnapshotHandle, "complete", lambda *_: names)
    monkeypatch.setattr("aiodbg.completion._SECONDS", -1)
    assert completed("")[1:] == ["x1"]
    assert len(given) == 1
