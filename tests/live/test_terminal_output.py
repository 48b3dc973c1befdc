"""Text that comes from the target reaches a terminal as text only."""

import json
import os
import re
import shutil
import unicodedata

import debugger
import pytest
from cells import Process
from place import CHECKOUT

LINE_ENDS = "\n"


def harmful(text):
    """Characters that could drive a terminal, or reorder or break the lines."""
    bad = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return {c for c in text if unicodedata.category(c) in bad and c not in LINE_ENDS}


def listed(text):
    """The lines of a listing, without what is said below it of what could not be followed."""
    return text.split("\n\nIncomplete (see", 1)[0].splitlines()


def test_nothing_harmful(cell):
    for name in ("tree", "table"):
        assert harmful(cell.answer(name)) == set()


def test_a_line_for_each_task_and_frame(cell):
    """No name makes a line of its own; frames may be shared, and shown only once."""
    tasks = cell.answer("live")["tasks"]
    lines = listed(cell.answer("tree"))
    assert len([line for line in lines if "(T) " in line]) >= len(tasks)
    if not any(task["awaited_by"] for task in tasks):
        assert len(lines) == sum(1 + len(task["stack"]) for task in tasks)


def test_a_row_for_each_task_and_awaiter(cell):
    header, line, *rows = listed(cell.answer("table"))
    columns = "tid, task id, task name, coroutine stack, awaiter chain, awaiter name, awaiter id"
    assert re.split("  +", header.strip()) == columns.split(", ")
    assert set(line) == {"-"}
    tasks = cell.answer("live")["tasks"]
    assert len(rows) == sum(max(1, len(task["awaited_by"])) for task in tasks)


@pytest.mark.programs("busy", "busy_generator", "eager_first_step", "loops")
def test_running_tasks_say_so(cell):
    lines = [line for line in cell.answer("tree").splitlines() if "running" in line]
    running = [task for task in cell.answer("live")["tasks"] if task["state"] == "running"]
    assert running
    assert len(lines) == len(running)
    for task in running:
        assert any("(T) " + task["name"] in line for line in lines)


@pytest.mark.programs("cycles")
def test_cycles_are_drawn_and_listed(cell):
    """The tree is there, and behind it a section with each cycle."""
    tree = cell.answer("tree")
    assert "(T) free" in tree
    for cycle in ("aba", "xyzx"):
        # Where it begins depends on the order of tasks, before 3.14 on addresses.
        turns = [cycle[start:] + cycle[1 : start + 1] for start in range(len(cycle) - 1)]
        assert any(" \u2192 ".join(turn) in tree for turn in turns)


@pytest.fixture(scope="module")
def shown_in_c(interpreter, place):
    """What GDB itself prints of hostile names in the C locale: (pstree, ps)."""
    arguments = [interpreter.command, "-B", place.inner_program("names")]
    with Process(place, arguments).wait_until_ready() as process:
        options = debugger.without_symbols(place, interpreter.command)
        options += ["-p", str(process.pid)]
        marks = ["echo \\n-----\\n", "asyncio pstree", "echo -----\\n", "asyncio ps"]
        done = debugger.gdb(options + debugger.each(marks), {"LC_ALL": "C"})
    assert done.status == 0, done.errors
    return done.output.split("-----\n")[1:]


@pytest.mark.required
def test_plain_ascii_in_c_locale(shown_in_c):
    for text in shown_in_c:
        assert text.isascii()
        assert harmful(text) == set()


@pytest.mark.required
def test_tree_in_c_locale(shown_in_c):
    """Drawn without box characters; names are still told apart."""
    tree = shown_in_c[0]
    assert "(T) looks" not in tree
    assert "(T) 12345\n" in tree
    for escaped in (r"\x1b[31mred", r"\u202e", r"\ud83c", r"\n", r"\U0001f3b5"):
        assert escaped in tree


HOSTILE = os.path.join(CHECKOUT, "tests", "live", "terminal_hostile.py")
MARK = "----- "


class Hostile:
    """The program under one Python, and all commands on it."""

    def __init__(self, place, interpreter, process, inner):
        self.place = place
        self.interpreter = interpreter
        self.process = process
        with open(place.outer(inner) + "/ids") as file:
            ids = file.read().split()
        self.commands = ["ps", "pstree", "doctor", "ps --json", "pstree --json"]
        self.commands += ["%s %s" % (name, id) for name in ("graph", "task") for id in ids]


@pytest.fixture(scope="module")
def hostile(interpreter, place):
    inner = place.folder("hostile-" + interpreter.name)
    shutil.copy(HOSTILE, place.outer(inner))
    arguments = [interpreter.command, "-B", inner + "/terminal_hostile.py"]
    with Process(place, arguments, inner).wait_until_ready() as process:
        yield Hostile(place, interpreter, process, inner)


def shows_text_only(commands, output, errors):
    """output: that of each command behind a line MARK and the command."""
    assert harmful(errors) == set()
    texts = dict(part.split("\n", 1) for part in output.split(MARK)[1:])
    assert list(texts) == commands
    for command, text in texts.items():
        assert harmful(text) == set(), command
        assert not re.search(r"^\W*(T\) )?FORGED", text, re.MULTILINE), command
        if "--json" in command:
            names = {task["name"] for task in json.loads(text)["tasks"]}
            assert len([name for name in names if "FORGED" in name]) == 3
        elif command != "doctor":
            assert "FORGED" in text, command
    details = "".join(text for command, text in texts.items() if command.startswith("task"))
    source = "return await (aw, '\\x1b"
    for shown in ("Harm('", "variable\\x1b", source, "hostile\\x1b", "message '"):
        assert shown in details


@pytest.mark.required
@pytest.mark.only((3, 11), (3, 14))
def test_all_commands_in_gdb(hostile):
    options = debugger.without_symbols(hostile.place, hostile.interpreter.command)
    options += ["-p", str(hostile.process.pid)]
    commands = []
    for command in hostile.commands:
        commands += ["echo %s%s\\n" % (MARK, command), "asyncio " + command]
    done = debugger.gdb(options + debugger.each(commands))
    assert done.status == 0, done.errors
    shows_text_only(hostile.commands, done.output, done.errors)


@pytest.mark.required
@pytest.mark.only((3, 11), (3, 14))
def test_all_commands_in_lldb(hostile, lldb):
    if not lldb.reaches(hostile.place):
        # It is in the root folder, and the program is not.
        return
    commands = ["process attach --pid %d" % hostile.process.pid]
    for command in hostile.commands:
        commands += ["script print(%r)" % (MARK + command), "asyncio " + command]
    done = lldb.run(commands)
    assert done.status == 0, done.errors
    shows_text_only(hostile.commands, done.output, done.errors)
