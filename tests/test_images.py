# SPDX-License-Identifier: MIT
"""Recorded images, replayed: the expected outputs, and what is left when memory is missing."""

import concurrent.futures
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
PAGE = 4096

# Images from which each page is taken in turn, and the share of tasks that are then, on
# average, shown exactly as if nothing were missing. The figure is low where one page holds
# what all tasks need: the dict of a module, the location table of asyncio.sleep().
SURVIVORS = {"3.14-waiting": 0.90, "3.11-waiting": 0.85, "3.8-async_generators": 0.74}

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


def pages(image):
    with gzip.open(os.path.join(IMAGES, image, "memory.gz")) as memory:
        while True:
            head = memory.read(16)
            if not head:
                return
            start, length = struct.unpack("<QQ", head)
            memory.read(length)
            yield from range(start & -PAGE, start + length, PAGE)


def many(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


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


def check_answer(result):
    """An answer, or an error of one line that says where; never anything else."""
    assert result.returncode in (0, 1), result.stderr.decode()
    if result.returncode == 1:
        lines = result.stderr.decode().splitlines()
        assert len(lines) == 1, lines
        assert re.search(r"0x[0-9a-f]+|no CPython here", lines[0]), lines


def intact_tasks(result, reference):
    """How many tasks are shown as in reference. What is not whole must not claim to be."""
    if result.returncode != 0:
        return 0
    snapshot = json.loads(result.stdout)
    tasks = {task["id"]: task for task in snapshot["tasks"]}
    count = sum(tasks.get(identity) == task for identity, task in reference.items())
    assert count == len(reference) or not snapshot["complete"]
    return count


@pytest.mark.parametrize("image", sorted(SURVIVORS))
def test_each_page_missing(image):
    reference = {task["id"]: task for task in json.loads(expected(image, "snapshot.json"))["tasks"]}

    def without(page):
        result = replay(image, "--fail-page", hex(page), "pstree --json")
        check_answer(result)
        return intact_tasks(result, reference)

    counts = many(without, pages(image))
    share = sum(counts) / len(counts) / len(reference)
    assert share >= SURVIVORS[image], "%.3f of the tasks survive the loss of a page" % share


@pytest.mark.parametrize("image", ["3.14-busy", "3.10-waiting"])
def test_each_read_failing(image):
    reads = 1
    while True:
        results = many(
            lambda k: replay(image, "--fail-read", str(k), "pstree"), range(reads, reads + 64)
        )
        for result in results:
            check_answer(result)
        # Behind the last read nothing fails any more.
        if results[-1].stdout == expected(image, "pstree.txt") and not results[-1].stderr:
            break
        reads += 64
        assert reads < 100_000


@pytest.mark.parametrize("image", ["3.15-example", "3.9-waiting"])
def test_truncated(image):
    total = len(list(pages(image)))
    for result in many(
        lambda n: replay(image, "--truncate", str(n), "ps --json"), range(0, total, 3)
    ):
        check_answer(result)
