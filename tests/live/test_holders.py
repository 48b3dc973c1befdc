"""Who holds each lock is what the program says, and nobody who waits for one is called its holder.

By PID for each Python; with AIODBG_ALL=1 attached and from the kernel's core too.
"""

import compare_waits
import pytest
import stated
from place import Absent

pytestmark = pytest.mark.debug
PROGRAMS = ("holders", "holders_no_accelerator")


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request, interpreter, place):
    if not stated.says("ps", "--waits"):
        pytest.skip("asyncio ps has no --waits")
    found = stated.Stated(place, interpreter, request.param)
    yield found
    found.close()


def test_by_pid(program):
    assert compare_waits.holders(program.by_pid()[0], program.truth) == []


@pytest.mark.optional
@pytest.mark.skipif(not stated.ALL, reason="AIODBG_ALL is not set")
def test_attached_and_core(program):
    assert compare_waits.holders(program.attached(), program.truth) == []
    try:
        core = program.core()
    except Absent as reason:
        pytest.skip(str(reason))
    assert compare_waits.holders(program.of_core(core), program.truth) == []


# --- The comparison itself -----------------------------------------------------------------------


def truth(certainty, locked=True):
    holder = {"task": "0x1", "thread": None, "certainty": certainty, "line": 5}
    lock = {"name": "a", "object": "0x9", "also": ["0x8"], "locked": locked, "waiters": ["0x2"]}
    return {"locks": [dict(lock, holders=[holder] if locked else [])]}


def shown(*holders, holds=(), waits=True):
    """0x1 holds what is said, 0x2 waits for the lock, held by holders: (id, certainty)."""
    entries = [
        {"task": id, "thread": None, "certainty": certainty, "evidence": None}
        for id, certainty in holders
    ]
    wait = {"kind": "lock", "object": "0x9", "holders": entries} if waits else None
    tasks = [{"id": "0x1", "holds": list(holds)}, {"id": "0x2", "waits_for": wait}, {"id": "0x3"}]
    return {"tasks": tasks, "threads": []}


@pytest.mark.parametrize(
    "certainty, seen",
    [
        ("exact", shown(("0x1", "exact"), holds=["0x9"])),
        ("exact", shown(("0x1", "exact"), holds=["0x8"])),
        ("exact", shown(holds=["0x9"], waits=False)),
        ("either", shown(("0x1", "likely"))),
        ("candidate", shown(("0x1", "likely"))),
        ("candidate", shown(("0x1", "likely"), ("0x3", "likely"))),
        ("maybe", shown()),
    ],
)
def test_comparison_agrees(certainty, seen):
    assert compare_waits.holders(seen, truth(certainty)) == []


@pytest.mark.parametrize(
    "certainty, seen",
    [
        ("exact", shown()),
        ("exact", shown(holds=["0x9"])),
        ("exact", shown(("0x1", "likely"), holds=["0x9"])),
        ("exact", shown(("0x1", "exact"), ("0x2", "likely"), holds=["0x9"])),
        ("exact", shown(("0x1", "exact"), ("0x3", "likely"), holds=["0x9"])),
        ("either", shown()),
        ("candidate", shown()),
        ("candidate", shown(("0x1", "exact"))),
        ("candidate", shown(("0x1", "likely"), ("0x3", "exact"))),
        ("candidate", shown(("0x1", "likely"), ("0x2", "likely"))),
        ("maybe", shown(("0x1", "exact"))),
    ],
)
def test_comparison_notices(certainty, seen):
    assert len(compare_waits.holders(seen, truth(certainty))) == 1


def test_comparison_notices_holders_of_free_locks():
    free = truth("exact", locked=False)
    assert compare_waits.holders(shown(), free) == []
    assert len(compare_waits.holders(shown(holds=["0x8"]), free)) == 1
    assert len(compare_waits.holders(shown(("0x3", "likely")), free)) == 1
