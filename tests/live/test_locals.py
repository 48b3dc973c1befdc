"""The variables of each frame, suspended or executing, are the f_locals of the program itself, and
the with statements are those that it is in.

frames_dump (tests/support) shows what the core decodes of both.
"""

import os
import subprocess
import time

import compare_waits
import pytest
import stated
from place import CHECKOUT

pytestmark = pytest.mark.debug
# A thread that is just ending may be in the way.
TRIES = 5
# Their with statement is in a frame of their own, to which a context manager leads.
MANAGED = ("manager", "nested-manager", "thread-manager")


@pytest.fixture(scope="module")
def frames_dump(library):
    """A function: what the program shows of a process."""
    build = os.path.dirname(os.path.dirname(os.environ.get("AIODBG_LIBRARY", "")))
    path = os.path.join(build or os.path.join(CHECKOUT, "build"), "tests", "frames_dump")
    if not os.path.exists(path):
        pytest.skip("no %s" % path)

    def run(pid):
        for _ in range(TRIES):
            pipe = subprocess.PIPE
            done = subprocess.run([path, str(pid)], stdout=pipe, stderr=pipe)
            if done.returncode == 0:
                break
            time.sleep(0.1)
        assert done.returncode == 0, done.stderr.decode()
        return parsed(done.stdout.decode("utf-8", "surrogateescape"))

    return run


def parsed(text):
    """As in our JSON: the innermost frame first."""
    shown = {"tasks": [], "threads": []}
    for line in text.splitlines():
        kind, *words = line.split("\t")
        if kind in ("task", "thread"):
            entry = {"id": words[0], "stack": []} if kind == "task" else {"stack": []}
            if kind == "thread":
                entry["tid"] = int(words[0])
            shown[kind + "s"].append(entry)
        elif kind == "frame":
            frame = {"function": words[0], "line": int(words[1]), "locals": [], "withs": []}
            entry["stack"].append(frame)
        elif kind == "local":
            frame["locals"].append(dict(zip(("name", "address", "type"), words)))
        elif kind == "with":
            frame["withs"].append((words[0], int(words[1])))
    for task in shown["tasks"]:
        task["stack"].reverse()
    return shown


def looked_at(place, interpreter, program, frames_dump):
    """(what is shown, the truth)."""
    running = stated.Stated(place, interpreter, program)
    try:
        return frames_dump(running.pid), running.truth
    finally:
        running.close()


def test_variables(interpreter, place, frames_dump):
    shown, truth = looked_at(place, interpreter, "locals", frames_dump)
    assert compare_waits.variables(shown, truth) == []


@pytest.mark.parametrize("program", ["holders", "holders_no_accelerator"])
def test_with_statements(interpreter, place, frames_dump, program):
    shown, truth = looked_at(place, interpreter, program, frames_dump)
    withs = withs_by_object(shown)
    for lock in truth["locks"]:
        names = [lock["object"], *lock["also"]]
        found = [one for name in names for one in withs.get(name, ())]
        wanted = [
            (compare_waits.who(holder), holder["line"])
            for holder in lock["holders"]
            if holder["certainty"] == "exact"
        ]
        if lock["name"] == "running":
            # Its frame is the thread's while it runs.
            assert [line for _, line in found] == [line for _, line in wanted]
            continue
        if lock["name"] not in MANAGED:
            assert set(wanted) <= set(found), lock["name"]
        if not lock["also"]:
            # Who waits for a condition is inside of its `with`, and does not have it.
            assert not {who for who, _ in found} & set(lock["waiters"]), lock["name"]


def withs_by_object(shown):
    """{object: [(task or thread, line of the statement)]}"""
    found = {}
    for entry in shown["tasks"] + shown["threads"]:
        for frame in entry["stack"]:
            for object, line in frame["withs"]:
                found.setdefault(object, []).append((entry.get("id", entry.get("tid")), line))
    return found


# --- The comparison itself -----------------------------------------------------------------------


def frame(variables):
    locals = [{"name": name, "address": at, "type": kind} for name, at, kind in variables]
    return {"function": "A.f", "line": 3, "locals": locals}


@pytest.mark.parametrize(
    "variables, count",
    [
        ([("a", "0x1", "int")], 0),
        ([("a", "0x2", "int")], 1),
        ([("a", "0x1", "str")], 1),
        ([], 1),
        ([("a", "0x1", "int"), ("b", "0x1", "int")], 1),
    ],
)
def test_comparison(variables, count):
    theirs = {"function": "f", "line": 3, "optimized": True, "locals": {"a": ["0x1", "int"]}}
    truth = {"tasks": [{"id": "0x9", "name": "t", "frames": [theirs]}], "threads": []}
    rest = {"function": "rest", "line": 1, "locals": []}
    shown = {"tasks": [{"id": "0x9", "stack": [rest, frame(variables)]}], "threads": []}
    assert len(compare_waits.variables(shown, truth)) == count


def test_parsing():
    lines = ["task\t0x9", "frame\tf\t3", "local\ta\t0x1\tint", "with\t0x8\t3", "frame\tg\t4"]
    shown = parsed("\n".join(lines + ["thread\t7", "frame\th\t5"]))
    assert [one["function"] for one in shown["tasks"][0]["stack"]] == ["g", "f"]
    variable = {"name": "a", "address": "0x1", "type": "int"}
    assert shown["tasks"][0]["stack"][1]["locals"] == [variable]
    assert withs_by_object(shown) == {"0x8": [("0x9", 3)]}
    assert shown["threads"][0]["tid"] == 7
