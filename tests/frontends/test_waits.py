# SPDX-License-Identifier: MIT
"""aiodbg.snapshot(waits=True): what tasks wait for, loops and verdicts are what the JSON says."""

import json
import pickle

import aiodbg
import pytest
from aiodbg import objects
from image import NAMES, ImageTarget

STUCK = [name for name in NAMES if name.endswith("-stuck")]


@pytest.fixture(params=STUCK)
def snapshot(request):
    with aiodbg.snapshot(ImageTarget(request.param), waits=True) as found:
        yield found


def test_same_as_json(snapshot):
    document = snapshot._waits.document()
    assert [loop.id for loop in snapshot.loops] == [
        int(loop["id"], 16) for loop in document["loops"]
    ]
    assert [verdict.summary for verdict in snapshot.verdicts] == [
        verdict["summary"] for verdict in document["verdicts"]
    ]
    known = {int(task["id"], 16): task for task in document["tasks"]}
    for task in snapshot.tasks:
        wait = known[task.id]["waits_for"]
        assert (task.waits_for and task.waits_for.text) == (wait and wait["text"])
        assert ["0x%x" % held for held in task.holds] == known[task.id]["holds"]


def test_deadlock(snapshot):
    (verdict,) = [one for one in snapshot.verdicts if one.certainty == "certain"]
    assert verdict.kind == "deadlock"
    for id in verdict.tasks:
        wait = snapshot.task(id).waits_for
        assert wait.kind == "lock" and wait.object in verdict.objects
        assert {holder.task for holder in wait.holders} <= set(verdict.tasks)


def test_threads_have_their_stacks(snapshot):
    for thread, entry in zip(snapshot.threads, snapshot._waits.document()["threads"]):
        assert [frame.line for frame in thread.stack] == [frame["line"] for frame in entry["stack"]]
        assert thread.name == entry["name"]


def test_locals(snapshot):
    task = snapshot.task("orders")
    frames = task.locals()
    assert len(frames) == len(task.stack)
    assert any(frames)
    assert all(isinstance(value, str) for frame in frames for value in frame.values())


def test_without_waits_it_is_not_known():
    with aiodbg.snapshot(ImageTarget(STUCK[0])) as found:
        task, thread = found.tasks[0], found.threads[0]
        for one, name in (
            (found, "loops"),
            (found, "verdicts"),
            (thread, "stack"),
            (thread, "name"),
            (task, "waits_for"),
            (task, "holds"),
        ):
            with pytest.raises(aiodbg.Error, match="snapshot with waits=True"):
                getattr(one, name)


def test_copies_go_without(snapshot):
    task = pickle.loads(pickle.dumps(snapshot.tasks[0]))
    assert task == snapshot.tasks[0] and task.locals() == ()
    with pytest.raises(aiodbg.Error):
        task.waits_for
    thread = pickle.loads(pickle.dumps(snapshot.threads[0]))
    assert thread == snapshot.threads[0]
    with pytest.raises(aiodbg.Error):
        thread.stack
    assert json.dumps(objects.dataclasses.asdict(thread))
