# SPDX-License-Identifier: MIT
"""scripts/record-image: what is logged of a target, and how it is stored."""

import gzip
import importlib.machinery
import importlib.util
import os
import struct

import aiodbg
import pytest


@pytest.fixture(scope="module")
def record_image(top):
    path = os.path.join(top, "scripts", "record-image")
    loader = importlib.machinery.SourceFileLoader("record_image", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("record_image", loader)
    )
    loader.exec_module(module)
    return module


def records(path):
    with gzip.open(str(path)) as file:
        data = file.read()
    found = []
    while data:
        address, length = struct.unpack("<QQ", data[:16])
        found.append((address, data[16 : 16 + length]))
        data = data[16 + length :]
    return found


def test_records_are_sorted_and_merged(record_image, tmp_path):
    ranges = [
        (0x3000, b"ef"),
        (0x1000, b"ab"),
        (0x1002, b"cd"),
        (0x1001, b"b"),
        (0x1000, b"ab"),
        (2**64 - 2, b"yz"),
    ]
    record_image.write_memory(str(tmp_path / "one"), ranges)
    assert records(tmp_path / "one") == [(0x1000, b"abcd"), (0x3000, b"ef"), (2**64 - 2, b"yz")]
    record_image.write_memory(str(tmp_path / "two"), reversed(ranges))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


class Target(aiodbg.Target):
    word_size = 4
    byte_order = aiodbg.ByteOrder.BIG_ENDIAN
    kind = aiodbg.TargetKind.TARGET_CORE
    pid = 42
    local_pid = 42

    def read(self, address, length):
        if address < 0x1000:
            raise aiodbg.MemoryFault()
        return b"x" * length

    def symbols(self, name):
        return iter([0x10, 0x20] if name == "_PyRuntime" else [])

    def sections(self, name):
        return [(0x30, 4)]


def test_all_answers_are_logged(record_image):
    target = record_image.recording_target(aiodbg, Target())
    # No read may go past the log.
    assert target.local_pid == 0
    assert target.read(0x2000, 2) == b"xx"
    for _ in range(2):
        with pytest.raises(aiodbg.MemoryFault):
            target.read(0, 16)
    assert next(iter(target.symbols("_PyRuntime"))) == 0x10
    assert list(target.symbols("other")) == []
    assert list(target.sections(".x")) == [(0x30, 4)]
    assert target.read_ranges == [(0x2000, b"xx")]
    assert target.manifest() == [
        ("word_size", "4"),
        ("byte_order", "big"),
        ("kind", "core"),
        ("pid", "42"),
        ("symbol", "_PyRuntime 0 0x10"),
        ("symbol", "_PyRuntime 1 0x20"),
        ("section", ".x 0 0x30 0x4"),
        ("unreadable", "0x0 0x10"),
    ]
