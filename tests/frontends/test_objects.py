# SPDX-License-Identifier: MIT
"""aiodbg.snapshot(): the objects are what the JSON says, and no more of them than asked for."""

import collections
import copy
import dataclasses
import gc
import json
import os
import pickle
import subprocess
import sys

import aiodbg
import pytest
from aiodbg import debugger, objects
from as_json import as_json
from image import NAMES, ImageTarget, path_of

EXAMPLE = "3.14-example"


@pytest.fixture(scope="module")
def example():
    return aiodbg.snapshot(ImageTarget(EXAMPLE))


def expected(name):
    """The JSON of an image. What is no UTF-8 in it is what Python's str has and UTF-8 has not."""
    with open(path_of(name, "snapshot.json"), "rb") as file:
        return json.loads(file.read().decode("utf-8", "surrogatepass"))


# --- The data ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_same_as_json(name):
    assert as_json(aiodbg.snapshot(ImageTarget(name))) == expected(name)


def test_target_that_is_damaged():
    """Each part that cannot be read says so, in the tasks and of the whole."""
    target = ImageTarget(EXAMPLE)
    task = expected(EXAMPLE)["tasks"][3]
    whole = target.read
    lost = int(task["id"], 16) & -4096

    def read(address, length):
        if address < lost + 4096 and address + length > lost:
            raise aiodbg.MemoryFault()
        return whole(address, length)

    target.read = read
    found = aiodbg.snapshot(target)
    assert found.complete is False
    assert as_json(found) == json.loads(found.render("json"))
    problems = list(found.errors) + [error for task in found.tasks for error in task.errors]
    assert any(lost <= (problem.address or 0) < lost + 4096 for problem in problems)
    assert all(isinstance(problem.message, str) for problem in problems)


def test_ids_are_addresses(example):
    task = example.tasks[0]
    assert hex(task.id) == expected(EXAMPLE)["tasks"][0]["id"]


def test_texts_are_those_of_python():
    """Lone surrogates, NUL and other characters that are no text elsewhere."""
    names = {task.id: task.name for task in aiodbg.snapshot(ImageTarget("3.14-names")).tasks}
    with open(path_of("3.14-names", "report.json")) as file:
        reported = {int(task["id"], 16): task["name"] for task in json.load(file)["tasks"]}
    assert any("\0" in name for name in names.values())
    assert any("\ud800" <= max(name, default="") <= "\udfff" for name in names.values())
    # Names of a megabyte are cut.
    short = {task for task, name in reported.items() if len(name) < 60000}
    assert {task: names[task] for task in short} == {task: reported[task] for task in short}
    assert sorted(names) == sorted(reported)


def test_pending_count(example):
    assert example.pending_count == len(example.tasks) == 7


def test_frame_as_text(example):
    frame = example.task("TNDNBTG").stack[0]
    assert str(frame) == "sleep /usr/lib/python3.14/asyncio/tasks.py:%d" % frame.line
    frame = dataclasses.replace(frame, file=None, line=None, function=None)
    assert str(frame) == "? ?:?"


def test_frozen(example):
    with pytest.raises(dataclasses.FrozenInstanceError):
        example.tasks[0].name = "other"
    with pytest.raises(dataclasses.FrozenInstanceError):
        example.complete = False


# --- Sequences -----------------------------------------------------------------------------------


def test_sequence_of_tasks(example):
    tasks = example.tasks
    everything = list(tasks)
    assert len(tasks) == len(everything) == 7
    assert tasks[0] == everything[0]
    assert tasks[-1] == everything[-1]
    assert tasks[1:6:2] == tuple(everything[1:6:2])
    assert tasks[100:] == ()
    assert everything[2] in tasks
    assert tasks.index(everything[2]) == 2
    assert list(reversed(tasks)) == everything[::-1]
    for index in (7, -8):
        with pytest.raises(IndexError):
            tasks[index]


def test_tasks_are_made_when_asked_for(monkeypatch):
    made = []
    monkeypatch.setattr(objects, "Task", lambda **fields: made.append(fields) or Made())

    class Made:
        pass

    snapshot = aiodbg.snapshot(ImageTarget(EXAMPLE))
    assert len(snapshot.tasks) == 7
    repr(snapshot)
    assert made == []
    next(iter(snapshot.tasks))
    assert len(made) == 1


def test_equal_frames_are_one_object(example):
    names = ("TNDNBTG", "Levitate", "DYWTYLM")
    assert len({id(example.task(name).stack[0]) for name in names}) == 1


def test_tasks_of_two_snapshots_are_equal(example):
    again = aiodbg.snapshot(ImageTarget(EXAMPLE))
    assert list(again.tasks) == list(example.tasks)
    assert len(set(again.tasks) | set(example.tasks)) == 7
    assert again.threads == example.threads
    assert again.threads == list(example.threads) or again.threads == tuple(example.threads)
    assert again != example


# --- Finding one ---------------------------------------------------------------------------------


def test_task_by_id_and_name(example):
    task = example.tasks[3]
    for text in (task.id, hex(task.id), task.name):
        assert example.task(text) == task


@pytest.mark.parametrize("wrong, nearest", [("TNDNBGT", '"TNDNBTG"'), (0x10, "lists all")])
def test_task_that_is_not_there(example, wrong, nearest):
    with pytest.raises(aiodbg.Error) as caught:
        example.task(wrong)
    assert caught.value.status == aiodbg.Status.NOT_FOUND
    assert nearest in str(caught.value)


def test_strange_names():
    snapshot = aiodbg.snapshot(ImageTarget("3.14-names"))
    names = collections.Counter(task.name for task in snapshot.tasks)
    assert len(names) > 10
    for task in snapshot.tasks:
        if names[task.name] == 1:
            assert snapshot.task(task.name) == task
        else:
            with pytest.raises(aiodbg.Error, match=hex(task.id)):
                snapshot.task(task.name)


# --- How long it lives ---------------------------------------------------------------------------


def test_what_is_kept_lives():
    tasks = aiodbg.snapshot(ImageTarget(EXAMPLE)).tasks
    gc.collect()
    assert tasks[0].name == "Task-1"


@pytest.fixture
def freed(library, monkeypatch):
    """What was freed."""
    calls = []
    real = library._lib.aiodbg_snapshot_destroy

    def destroy(pointer):
        calls.append(pointer.value)
        real(pointer)

    monkeypatch.setattr(debugger, "_library", library)
    monkeypatch.setattr(library._lib, "aiodbg_snapshot_destroy", destroy)
    return calls


def test_memory_is_freed_with_the_last_reference(freed):
    snapshot = aiodbg.snapshot(ImageTarget(EXAMPLE))
    task = snapshot.tasks[0]
    del snapshot
    assert freed == []
    del task
    assert len(freed) == 1


def test_close(freed):
    with aiodbg.snapshot(ImageTarget(EXAMPLE)) as snapshot:
        task = snapshot.tasks[0]
    assert len(freed) == 1
    assert (task.name, len(snapshot.tasks)) == ("Task-1", 7)
    uses = (
        lambda: snapshot.tasks[0],
        lambda: snapshot.task("Task-1"),
        lambda: snapshot.render(),
        lambda: snapshot.threads[0],
    )
    for use in uses:
        with pytest.raises(ValueError, match="closed"):
            use()
    snapshot.close()
    assert len(freed) == 1


def test_copies_are_plain_data(example):
    task = example.tasks[3]
    for each in (copy.deepcopy(task), pickle.loads(pickle.dumps(task)), copy.copy(task)):
        assert each == task
        assert not hasattr(each, "_handle")


# --- Errors --------------------------------------------------------------------------------------


def test_outside_of_a_debugger(monkeypatch):
    monkeypatch.setattr(debugger, "_select", None)
    with pytest.raises(aiodbg.NoTarget, match="inside GDB"):
        aiodbg.snapshot()


def test_what_the_debugger_has_selected(library, monkeypatch):
    for name in ("_select", "_library", "_interrupted"):
        monkeypatch.setattr(debugger, name, None)
    aiodbg.set_debugger(library, lambda: ImageTarget(EXAMPLE))
    assert aiodbg.snapshot().task("Task-1").name == "Task-1"
    assert debugger.library() is library


PROGRAM = """
import asyncio

async def main():
    waiting = asyncio.create_task(asyncio.sleep(600), name="waiting")
    await asyncio.sleep(0)
    print("ready", flush=True)
    await waiting

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def process():
    """A process of our own, which may be read by it."""
    words = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as running:
        assert running.stdout.readline() == b"ready\n"
        yield running
        running.kill()


def test_process_that_runs(process):
    with aiodbg.snapshot(pid=process.pid) as snapshot:
        assert snapshot.target.pid == process.pid
        assert snapshot.task("waiting").stack[-1].function == "sleep"
    with pytest.raises(aiodbg.Error) as caught:
        aiodbg.snapshot(pid=2**31 - 1, retries=0)
    assert caught.value.status == aiodbg.Status.NO_PROCESS


def test_process_that_runs_is_interrupted(process, library, monkeypatch):
    for name in ("_select", "_library", "_interrupted"):
        monkeypatch.setattr(debugger, name, None)
    aiodbg.set_debugger(library, None, lambda: True)
    with pytest.raises(KeyboardInterrupt):
        aiodbg.snapshot(pid=process.pid)


OUTSIDE = """
import sys
sys.path.insert(0, sys.argv[1])
import aiodbg

with aiodbg.snapshot(pid=int(sys.argv[2])) as snapshot:
    print(snapshot.task("waiting").stack[-1].function, end=" ")
try:
    aiodbg.snapshot()
except aiodbg.NoTarget as error:
    print(error)
"""


def test_python_that_no_debugger_runs_in(process):
    folder = os.path.dirname(os.path.dirname(aiodbg.__file__))
    words = [sys.executable, "-c", OUTSIDE, folder, str(process.pid)]
    answer = subprocess.run(words, stdout=subprocess.PIPE, universal_newlines=True, check=True)
    assert answer.stdout.startswith("sleep no debugger that could have selected a process: ")
    assert "aiodbg.snapshot(pid=PID)" in answer.stdout


def test_no_python_there():
    with pytest.raises(aiodbg.Error) as caught:
        aiodbg.snapshot(aiodbg.Target())
    assert caught.value.status == aiodbg.Status.NOT_FOUND


def test_interruption():
    target = ImageTarget(EXAMPLE)
    target.interrupted = lambda: True
    with pytest.raises(KeyboardInterrupt):
        aiodbg.snapshot(target)


def test_render(example):
    with open(path_of(EXAMPLE, "pstree.txt"), encoding="utf-8") as file:
        assert example.render() == file.read()
    assert json.loads(example.render("json")) == expected(EXAMPLE)
    with pytest.raises(aiodbg.Error):
        example.render("xml")
