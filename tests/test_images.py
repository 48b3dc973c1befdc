# SPDX-License-Identifier: MIT
"""Recorded images, replayed: the expected outputs. tests/faults.c takes memory away."""

import gzip
import json
import os
import re
import struct
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = os.path.join(HERE, "images")
REPLAY = os.environ.get("AIODBG_REPLAY", os.path.join(HERE, "..", "build", "tests", "replay"))

NAMES = sorted(name for name in os.listdir(IMAGES) if os.path.isdir(os.path.join(IMAGES, name)))


def replay(image, *arguments):
    return subprocess.run(
        [REPLAY, *arguments[:-1], os.path.join(IMAGES, image), *arguments[-1].split()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
    )


def expected(image, name):
    with open(os.path.join(IMAGES, image, name), "rb") as file:
        return file.read()


@pytest.mark.parametrize("image", NAMES)
@pytest.mark.parametrize(
    "command, output",
    [("pstree", "pstree.txt"), ("ps", "ps.txt"), ("pstree --json", "snapshot.json")],
)
def test_expected_output(image, command, output):
    result = replay(image, command)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout == expected(image, output)


@pytest.mark.parametrize("image", NAMES)
def test_ascii_output(image):
    result = replay(image, "--ascii", "pstree")
    assert result.returncode == 0
    assert result.stdout.isascii()


# What the tasks of tests/programs/stuck.py wait for, by name.
STUCK = {
    "orders": "lock",
    "stock": "lock",
    "behind": "lock",
    "job": "executor",
    "job behind": "executor",
    "semaphore behind": "lock",
    "semaphore": "semaphore",
    "condition": "condition",
    "put": "queue-put",
    "get": "queue-get",
    "join": "queue-join",
    "future": "future",
    "gather": "gather",
    "group": "group",
    "in group": "timer",
}


@pytest.mark.parametrize("image", [name for name in NAMES if name.endswith("-stuck")])
def test_expected_verdicts(image):
    result = replay(image, "why")
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout == expected(image, "why.txt")


@pytest.mark.parametrize(
    "image, reason",
    [
        ("3.14t-program", b"this build counts no references"),
        # What was recorded is what other commands read.
        ("3.14-stuck", b"memory could not be read"),
    ],
)
def test_what_was_not_examined(image, reason):
    line = b"\nNot examined: who alone could wake others, as " + reason + b".\n"
    assert line in replay(image, "why --all").stdout
    assert b"Not examined" not in replay(image, "why").stdout.partition(b"IDLE")[0]


@pytest.mark.parametrize("image", [name for name in NAMES if name.endswith("-stuck")])
def test_what_stuck_tasks_wait_for(image):
    result = replay(image, "why --json")
    assert result.returncode == 0, result.stderr.decode()
    document = json.loads(result.stdout)
    tasks = {task["name"]: task for task in document["tasks"]}
    kinds = {name: task["waits_for"]["kind"] for name, task in tasks.items() if name in STUCK}
    assert kinds == {name: STUCK[name] for name in kinds}
    assert len(kinds) >= len(STUCK) - 2
    ids = {tasks["orders"]["id"], tasks["stock"]["id"]}
    certain = [each for each in document["verdicts"] if each["certainty"] == "certain"]
    assert [(each["kind"], set(each["tasks"])) for each in certain] == [("deadlock", ids)]
    assert certain[0]["behind"] == 2


@pytest.mark.parametrize("image", [name for name in NAMES if name.endswith("-stuck")])
def test_verdicts_are_drawn_where_they_are_shown(image):
    """Listings say what tasks wait for, and need not know who could wake them."""
    shown = [json.loads(replay(image, line).stdout) for line in ("ps --json --waits", "why --json")]
    assert [("verdicts" in one, "objects" in one) for one in shown] == [(False, True), (True, True)]
    assert shown[0]["tasks"] == shown[1]["tasks"]


# One of each version, and those with more than one loop or interpreter.
WITH_LOOPS = [name for name in NAMES if name.endswith(("-stuck", "-loops", "-interpreters"))]


@pytest.mark.parametrize("image", WITH_LOOPS)
def test_loops(image):
    """Those of threads and tasks are there, and each can be looked at."""
    result = replay(image, "loops --json")
    assert result.returncode == 0, result.stderr.decode()
    loops = json.loads(result.stdout)["loops"]
    document = json.loads(replay(image, "ps --json").stdout)
    running = {thread["loop"] for thread in document["threads"] if thread["loop"]}
    pending = {task["loop"] for task in document["tasks"] if task["state"] in ("pending", "running")}
    assert {loop["id"] for loop in loops} >= running | pending - {None}
    assert sum(loop["tasks"] for loop in loops) <= len(document["tasks"])
    for loop in loops[:1]:
        result = replay(image, "loops --json " + loop["id"])
        assert result.returncode == 0, result.stderr.decode()
        (one,) = json.loads(result.stdout)["loops"]
        # Images have what was read when they were made, of which loops are a part.
        if one["errors"]:
            assert "cannot read memory" in one["errors"][0]["message"]
            continue
        assert one["ready"] in (None, len(one["ready_queue"]))
        assert one["timers"] in (None, len(one["timer_queue"]))
        assert loop["id"] in replay(image, "loops " + loop["id"]).stdout.decode()
    assert replay(image, "loops 0x10").returncode != 0
    shown = replay(image, "task --locals " + document["tasks"][0]["id"])
    assert shown.returncode == 0, shown.stderr.decode()


@pytest.mark.parametrize("image", WITH_LOOPS)
def test_threads(image):
    """They are those that all tasks are shown with."""
    result = replay(image, "threads --json")
    assert result.returncode == 0, result.stderr.decode()
    shown = json.loads(result.stdout)["threads"]
    known = json.loads(replay(image, "ps --json").stdout)["threads"]
    assert {thread["tid"] for thread in shown} == {thread["tid"] for thread in known}
    assert {thread["loop"] for thread in shown} == {thread["loop"] for thread in known}
    for thread in shown:
        assert thread["state"] in (None, "runs", "select", "waits", "idle worker", "in C")
    text = replay(image, "threads").stdout.decode()
    assert all(str(thread["tid"] or "-") in text for thread in shown)


def patched(folder, image, offset, word):
    """A copy of an image with another 64-bit word at _PyRuntime + offset."""
    with open(os.path.join(IMAGES, image, "MANIFEST"), encoding="utf-8") as file:
        manifest = file.read()
    place = int(re.search(r"^symbol: _PyRuntime 0 (0x\w+)", manifest, re.MULTILINE).group(1), 16)
    with open(folder / "MANIFEST", "w", encoding="utf-8") as file:
        file.write(manifest)
    with gzip.open(os.path.join(IMAGES, image, "memory.gz")) as memory:
        data = bytearray(memory.read())
    at = 0
    while at < len(data):
        start, length = struct.unpack_from("<QQ", data, at)
        if start <= place < start + length:
            struct.pack_into("<Q", data, at + 16 + place - start + offset, word)
        at += 16 + length
    with gzip.open(folder / "memory.gz", "wb") as memory:
        memory.write(data)
    return str(folder)


def test_newer_version_is_read_with_a_warning(tmp_path):
    result = replay(patched(tmp_path, "3.15-example", 8, 0x031000F0), "pstree")
    assert result.returncode == 0
    assert b"3.16.0 is newer" in result.stderr
    assert result.stdout == expected("3.15-example", "pstree.txt")


def test_newer_version_that_is_otherwise_is_refused(tmp_path):
    # The words of 3.14 are in other places than those of 3.15.
    result = replay(patched(tmp_path, "3.14-example", 8, 0x031000F0), "pstree")
    assert result.returncode == 1
    assert b"3.16.0 is newer than known" in result.stderr


def test_contradicting_offset_is_named(tmp_path):
    result = replay(patched(tmp_path, "3.14-example", 408, 16), "pstree")
    assert result.returncode == 1
    assert b"object.type = 16" in result.stderr
