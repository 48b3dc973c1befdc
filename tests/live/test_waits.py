"""What each task and thread waits for is what the program says: kind, object, deadline, holders.

By PID for each Python; with AIODBG_ALL=1 attached and from the kernel's core too, and LLDB writes
the same bytes as GDB.
"""

import copy

import compare_waits
import pytest
import stated
import test_lldb
from cells import kernel_writes_cores_here
from place import Absent

pytestmark = pytest.mark.debug
PROGRAMS = ("waits", "waits_no_accelerator")
SHOWN_TO_LLDB = ("waits", "holders")


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request, interpreter, place):
    if not stated.says("ps", "--waits"):
        pytest.skip("asyncio ps has no --waits")
    found = stated.Stated(place, interpreter, request.param)
    yield found
    found.close()


def test_by_pid(program):
    shown, clock = program.by_pid()
    assert compare_waits.waits(shown, program.truth, clock) == []


def test_counts(program):
    """A comparison of few tasks would say little."""
    assert len(program.truth["tasks"]) > 80
    assert len(program.truth["threads"]) > 18


@pytest.mark.optional
@pytest.mark.skipif(not stated.ALL, reason="AIODBG_ALL is not set")
def test_attached_and_core(program):
    assert compare_waits.waits(program.attached(), program.truth) == []
    try:
        core = program.core()
    except Absent as reason:
        pytest.skip(str(reason))
    assert compare_waits.waits(program.of_core(core), program.truth) == []


@pytest.mark.optional
@pytest.mark.skipif(not stated.ALL, reason="AIODBG_ALL is not set")
@pytest.mark.parametrize("target", ["live", "core"])
def test_same_as_gdb(in_lldb, lldb, place, target):
    if not lldb.reaches(place):
        # It is in the root folder, and has not seen them.
        return
    expected, found = getattr(in_lldb, target)["gdb"], getattr(in_lldb, target)[lldb.name]
    assert isinstance(expected, dict), expected
    assert isinstance(found, dict), found
    assert sorted(found) == sorted(expected)
    for name in expected:
        assert found[name] == expected[name], name


@pytest.fixture(scope="module")
def in_lldb(interpreter, place, lldbs):
    if not stated.says("ps", "--waits"):
        pytest.skip("asyncio ps has no --waits")
    try:
        kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))
    commands = {"waits": "ps --json --waits", "tree": "pstree --waits"}
    return test_lldb.Shown(place, interpreter, SHOWN_TO_LLDB, lldbs, commands)


# --- The comparison itself -----------------------------------------------------------------------


TRUTH = {
    "tasks": [
        {
            "id": "0x1",
            "name": "one",
            "kind": ["lock"],
            "object": ["0x9"],
            "place": 1,
            "waiters": 2,
            "deadline_at": 1000.0,
            "holders": [{"task": "0x2", "thread": None, "certainty": "exact", "line": None}],
        }
    ],
    "threads": [{"id": 7, "name": "t", "kind": ["event"], "object": ["0x8"]}],
}
HOLDER = {"task": "0x2", "thread": None, "certainty": "exact", "evidence": None}
WAIT = {
    "kind": "lock",
    "object": "0x9",
    "place": 1,
    "waiters": 2,
    "holders": [HOLDER],
    "deadline_at": 1000.01,
    "deadline": 900.0,
}
SHOWN = {
    "tasks": [{"id": "0x1", "waits_for": WAIT}],
    "threads": [{"tid": 7, "waits_for": {"kind": "event", "object": "0x8", "holders": []}}],
}
CLOCK = (100.0, 100.1)


def test_comparison_agrees():
    assert compare_waits.waits(SHOWN, TRUTH, CLOCK) == []


@pytest.mark.parametrize(
    "key, value",
    [
        ("kind", "event"),
        ("object", "0x8"),
        ("place", 2),
        ("waiters", None),
        ("holders", []),
        ("holders", [dict(HOLDER, certainty="likely")]),
        ("holders", [HOLDER, dict(HOLDER, task="0x3")]),
        ("deadline_at", 1000.1),
        ("deadline_at", None),
        ("deadline", 899.0),
        ("deadline", None),
    ],
)
def test_comparison_notices(key, value):
    shown = copy.deepcopy(SHOWN)
    shown["tasks"][0]["waits_for"][key] = value
    assert len(compare_waits.waits(shown, TRUTH, CLOCK)) == 1


def test_comparison_notices_what_is_missing():
    nothing = {"tasks": [{"id": "0x1"}], "threads": [{"tid": 7}]}
    assert len(compare_waits.waits(nothing, TRUTH, CLOCK)) == 2
    assert len(compare_waits.waits({"tasks": [], "threads": []}, TRUTH, CLOCK)) == 2
