"""What is ten times as large is all there, for ten times the work and the space."""

import collections
import glob
import json
import os
import re

import cells
import debugger
import pytest

# What $AIODBG_SIZE is to be: as much, and ten times as much.
SIZES = {"chain": 10000, "cycles": 1000, "deep": 10000, "diamonds": 300}
TIMES = 10
# Numbers become longer, trees as wide as LIMIT_TREE_LEVELS, and more is dropped from the cache.
SLACK = 1.3
# What else the machine does costs processor time as well, but what grows with the square would
# need TIMES times as much.
TIME_SLACK = 4
START_SECONDS = 0.1

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "large_inside.py")
COMMANDS = {"json": "ps --json", "table": "ps", "tree": "pstree"}
# A task with all others, or all that there are of a kind, above it.
LOWEST = {"chain": "last", "cycles": "x", "deep": "deep", "diamonds": "bottom-0"}


def expected(program, size):
    """For each task its name: how many frames it has, and who awaits it."""
    tasks = {"Task-1": (2, [])}
    if program == "chain":
        names = ["last"] + ["link-%d" % number for number in range(size)] + ["Task-1"]
        tasks = {name: (1, [after]) for name, after in zip(names, names[1:])}
        tasks["last"], tasks["Task-1"] = (2, ["link-0"]), (1, [])
    elif program == "cycles":
        tasks.update({"a": (1, ["b", "behind"]), "b": (1, ["a"]), "behind": (1, [])})
        tasks.update({"x": (1, ["z"]), "y": (1, ["x"]), "z": (1, ["y"])})
        # In the gather() of z.
        tasks["Task-*"] = (2, ["z"])
        tasks.update({"free-%d" % number: (2, []) for number in range(1, size)}, free=(2, []))
    elif program == "deep":
        tasks = {"Task-1": (1, []), "deep": (size + 2, ["Task-1"])}
    elif program == "diamonds":
        names = ["bottom-%d"] + ["layer-%d-%%d" % layer for layer in range(1, size)]
        for name, above in zip(names, names[1:] + [None]):
            awaiters = [above % side for side in (0, 1)] if above else []
            tasks.update({name % side: (3, awaiters) for side in (0, 1)})
        tasks.update({"bottom-%d" % side: (2, tasks["bottom-0"][1]) for side in (0, 1)})
    return tasks


def is_all_there(path, program, size):
    with open(path) as file:
        shown = json.load(file)
    assert shown["complete"] and shown["errors"] == []
    names = {task["id"]: task["name"] for task in shown["tasks"]}
    wanted = expected(program, size)
    for task in shown["tasks"]:
        awaiters = sorted(names.get(awaiter["id"]) for awaiter in task["awaited_by"])
        name = task["name"] if task["name"] in wanted else re.sub(r"\d+$", "*", task["name"])
        assert (len(task["stack"]), awaiters) == wanted.pop(name), task["name"]
    assert wanted == {}
    cycles = sorted(sorted(names[id] for id in cycle) for cycle in shown["cycles"])
    assert cycles == ([["a", "b"], ["x", "y", "z"]] if program == "cycles" else [])


Costs = collections.namedtuple("Costs", "space seconds read")


def look(options, program, folder):
    """Run all commands in GDB, which has a target with these options. Returns Costs."""
    os.mkdir(folder)
    commands = dict(COMMANDS, graph="graph " + LOWEST[program])
    call = "python measure(%r, %r)" % (commands, folder)
    done = debugger.gdb(options + debugger.each(["source " + SCRIPT, call]))
    assert done.status == 0, done.errors
    with open(folder + "/cost") as file:
        cost = json.load(file)
    space = {name: os.path.getsize("%s/%s" % (folder, name)) for name in commands}
    return Costs(space, cost["seconds"], cost["read"])


def without_head(path):
    """A text; JSON from its tasks on, since it begins with the kind of target."""
    with open(path) as file:
        return file.read().split('"tasks":')[-1]


def costs(place, interpreter, program, size, folder):
    """Of the process, and of its core if there is one: a list of Costs."""
    inner = place.folder("large-%s-%s-%d" % (interpreter.name, program, size))
    arguments = [interpreter.command, "-B", place.inner_program(program)]
    options = debugger.without_symbols(place, interpreter.command)
    with cells.Process(place, arguments, inner, {"AIODBG_SIZE": str(size)}) as process:
        process.wait_until_ready()
        found = [look(options + ["-p", str(process.pid)], program, folder + "-live")]
        process.crash()
    is_all_there(folder + "-live/json", program, size)
    for core in glob.glob(place.outer(inner) + "/core*"):
        found.append(look(options + ["-ex", "core-file " + core], program, folder + "-core"))
        for name in found[0].space:
            texts = {without_head("%s-%s/%s" % (folder, kind, name)) for kind in ("live", "core")}
            assert len(texts) == 1, name
        os.remove(core)
    return found


@pytest.mark.required
@pytest.mark.only((3, 11), (3, 14))
@pytest.mark.parametrize("program", sorted(SIZES))
def test_large(interpreter, place, program, tmp_path):
    small, large = (
        costs(place, interpreter, program, SIZES[program] * factor, "%s/%d" % (tmp_path, factor))
        for factor in (1, TIMES)
    )
    for less, more in zip(small, large):
        for name, space in less.space.items():
            assert more.space[name] <= space * TIMES * SLACK, name
        for name, seconds in less.seconds.items():
            assert more.seconds[name] <= seconds * TIMES * TIME_SLACK + START_SECONDS, name
        assert more.read <= less.read * TIMES * SLACK
