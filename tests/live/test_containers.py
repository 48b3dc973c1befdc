"""A future that a task waits for is named by the container that keeps it.

By PID for a Python of each layout; with AIODBG_ALL=1 from the kernel's core too.
"""

import pytest
import stated
from place import Absent

pytestmark = [pytest.mark.debug, pytest.mark.families]


@pytest.fixture(scope="module")
def program(interpreter, place):
    found = stated.Stated(place, interpreter, "containers")
    yield found
    found.close()


def differences(shown, truth):
    objects = {one["id"]: one for one in shown["objects"]}
    tasks = {one["id"]: one["waits_for"] for one in shown["tasks"]}
    found = []
    for id, expected in truth["tasks"].items():
        wait = tasks[id]
        known = objects.get(wait.get("container"), {"name": None, "of": None})
        seen = {"container": wait.get("container"), "name": known["name"], "of": known["of"]}
        text = "" if expected["name"] is None else ", in " + expected["name"]
        if expected["of"] is not None:
            text += " of " + expected["of"]
        if wait["kind"] != "future" or seen != expected or not wait["text"].endswith(text):
            found.append((wait, seen, expected))
    return found


def test_by_pid(program):
    assert differences(program.by_pid()[0], program.truth) == []


def test_container(program):
    """Who waits for a future in it can be asked for by the container's address."""
    expected = [one for one in program.truth["tasks"].values() if one["of"] == "Rpc"][0]
    count = list(program.truth["tasks"].values()).count(expected)
    shown = program.by_pid("asyncio ps --json --with object=" + expected["container"])[0]
    assert len(shown["tasks"]) == count


@pytest.mark.optional
@pytest.mark.skipif(not stated.ALL, reason="AIODBG_ALL is not set")
def test_core(program):
    try:
        core = program.core()
    except Absent as reason:
        pytest.skip(str(reason))
    assert differences(program.of_core(core), program.truth) == []
