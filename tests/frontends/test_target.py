# SPDX-License-Identifier: MIT
"""Targets and sinks: what goes through the library's callbacks."""

import ctypes
import os
import signal
import sys
import time

import aiodbg
import pytest
from aiodbg import mirror
from aiodbg.build_id import OtherFile
from aiodbg.target import CALLBACK_RAISED, BoundTarget, Guard
from targets import ListSink, MemoryTarget


def no_core(path):
    return None


def bind(target):
    """struct aiodbg_target, and the guard of its callbacks."""
    guard = Guard()
    bound = BoundTarget(target, guard, no_core)
    # The object has to live as long as the struct is used.
    bound.struct.keep = bound
    return bound.struct, guard


# --- Text ----------------------------------------------------------------------------------------


def test_sink_gives_few_chunks_and_keeps_split_characters_whole():
    sink = ListSink()
    text = "└── näive 日本 🎵\n" * 20000
    data = text.encode()
    for start in range(0, len(data), 7):
        sink.write(data[start : start + 7])
    sink.close()
    assert "".join(sink.texts) == text
    assert len(sink.texts) <= len(data) // aiodbg.Sink.CHUNK + 1


def test_sink_shows_bytes_that_are_no_text():
    sink = ListSink()
    sink.write(b"a\xffb\xe2\x94")
    sink.close()
    assert "".join(sink.texts) == "a\\xffb\\xe2\\x94"


def test_sink_keeps_output_and_warnings_in_order():
    order = []
    sink = aiodbg.Sink(lambda text: order.append(text), lambda line: order.append("!" + line))
    sink.write(b"one")
    sink.warn("two")
    sink.write(b"three")
    sink.close()
    assert order == ["one", "!two", "three"]


# --- Callbacks -----------------------------------------------------------------------------------


def test_read():
    struct, guard = bind(MemoryTarget(b"0123456789"))
    buffer = ctypes.create_string_buffer(4)
    with guard:
        assert struct.read(None, 0x1002, ctypes.addressof(buffer), 4) == aiodbg.Status.OK
        assert buffer.raw == b"2345"
        code = struct.read(None, 0x1008, ctypes.addressof(buffer), 4)
    assert code == aiodbg.Status.FAULT
    assert buffer.raw == b"2345"


def test_short_read_is_a_fault():
    target = MemoryTarget()
    target.read = lambda address, length: b"x"
    struct, guard = bind(target)
    buffer = ctypes.create_string_buffer(4)
    with guard:
        code = struct.read(None, 0x1000, ctypes.addressof(buffer), 4)
    assert code == aiodbg.Status.FAULT


def test_places_are_asked_for_once_and_only_as_far_as_needed():
    asked = []

    class Target(MemoryTarget):
        def symbols(self, name):
            for address in (0x10, 0x20):
                asked.append(address)
                yield address

        def sections(self, name):
            return [(0x100, 8)] if name == ".PyRuntime" else []

    struct, guard = bind(Target())
    found = ctypes.c_uint64()
    length = ctypes.c_uint64()
    with guard:
        for _ in range(2):
            assert struct.find_symbol(None, b"x", 0, ctypes.byref(found)) == 0
            assert found.value == 0x10
        assert asked == [0x10]
        assert struct.find_symbol(None, b"x", 1, ctypes.byref(found)) == 0
        assert found.value == 0x20
        code = struct.find_symbol(None, b"x", 2, ctypes.byref(found))
        assert code == aiodbg.Status.NOT_FOUND
        assert asked == [0x10, 0x20]
        arguments = (ctypes.byref(found), ctypes.byref(length))
        assert struct.find_section(None, b".PyRuntime", 0, *arguments) == 0
        assert (found.value, length.value) == (0x100, 8)
        assert struct.find_section(None, b".x", 0, *arguments) == aiodbg.Status.NOT_FOUND


def test_regions():
    class Target(MemoryTarget):
        def regions(self):
            yield aiodbg.Region(0x3000, 0x4000, True)
            yield aiodbg.Region(0x1000, 0x2000, False)
            yield aiodbg.Region(2**64 - 0x1000, 2**64 - 1, False)

    struct, guard = bind(Target())
    region = mirror.CRegion()

    def next_region(address):
        code = struct.next_region(None, address, ctypes.byref(region))
        return code or (region.start, region.end, region.writable)

    with guard:
        assert next_region(0) == (0x1000, 0x2000, 0)
        assert next_region(0x1FFF) == (0x1000, 0x2000, 0)
        assert next_region(0x2000) == (0x3000, 0x4000, 1)
        assert next_region(0x4000)[0] == 2**64 - 0x1000
        assert next_region(2**64 - 1) == aiodbg.Status.NOT_FOUND


class Failure(Exception):
    pass


@pytest.mark.parametrize("raised", [Failure, KeyboardInterrupt, SystemExit])
def test_what_a_target_raises_comes_out(library, raised):
    def fail(*arguments):
        raise raised("from the target")

    target = MemoryTarget()
    target.symbols = target.sections = target.regions = fail
    with pytest.raises(raised, match="from the target"):
        library.open(target)


@pytest.mark.parametrize("raised", [Failure, KeyboardInterrupt])
def test_what_a_sink_raises_comes_out(library, raised):
    sink = ListSink()

    def fail(data):
        raise raised("from the sink")

    sink.write = fail
    name = library.commands()[0].name
    with pytest.raises(raised, match="from the sink"):
        library.run_command(None, [name, "--help"], sink)


def test_no_callback_runs_after_one_has_raised():
    target = MemoryTarget()
    calls = []

    def interrupted():
        calls.append(1)
        raise Failure()

    target.interrupted = interrupted
    struct, guard = bind(target)
    with pytest.raises(Failure):
        with guard:
            assert struct.interrupted(None) == CALLBACK_RAISED
            assert struct.interrupted(None) == CALLBACK_RAISED
    assert len(calls) == 1
    # The next use starts afresh.
    target.interrupted = lambda: False
    with guard:
        assert struct.interrupted(None) == 0


def test_source_line(tmp_path):
    path = tmp_path / "main.py"
    path.write_bytes(b"# coding: latin-1\nname = '\xe9'\r\n")
    target = MemoryTarget()
    assert target.source_line(str(path), 2) == "name = '\u00e9'"
    path.write_text("new\n" * 3)
    assert target.source_line(str(path), 3) == "new"
    assert target.source_line(str(path), 4) is None
    # None of these is a source, and some would never end.
    os.mkfifo(str(tmp_path / "fifo"))
    for other in (tmp_path, tmp_path / "fifo", "/dev/zero", "/proc/kmsg", "no\0file"):
        assert target.source_line(str(other), 1) is None


def test_mappings_reach_the_library():
    class Target(MemoryTarget):
        debugger = "GDB 13.1"
        giving_files = "`file F`"

        def mapping(self, address):
            known = {1: (True, "/a.so"), 2: (False, "/" + "x" * 1000), 3: (None, None)}
            return aiodbg.Mapping(0, 4096, *known[address]) if address in known else None

    guard = Guard()
    bound = BoundTarget(Target(), guard, no_core)
    assert bound.struct.debugger == b"GDB 13.1"
    assert bound.struct.giving_files == b"`file F`"
    found = mirror.CMapping()
    with guard:
        for address, has_contents, path in ((1, 1, b"/a.so"), (2, 0, b"/" + b"x" * 254), (3, -1, b"")):
            assert bound.struct.find_mapping(None, address, ctypes.byref(found)) == aiodbg.Status.OK
            assert (found.end, found.has_contents, found.file) == (4096, has_contents, path)
        assert bound.struct.find_mapping(None, 4, ctypes.byref(found)) == aiodbg.Status.NOT_FOUND
    assert BoundTarget(MemoryTarget(), guard, no_core).struct.debugger is None


def test_other_files_reach_the_library():
    class Target(MemoryTarget):
        def other_files(self):
            yield OtherFile("/python", "ab", None, True)
            yield OtherFile("/" + "x" * 1000, "y" * 1000, "cd", False)

    guard = Guard()
    bound = BoundTarget(Target(), guard, no_core)
    found = mirror.COtherFile()
    with guard:
        find = bound.struct.find_other_file
        assert find(None, 1, ctypes.byref(found)) == aiodbg.Status.OK
        assert (len(found.file), len(found.mapped_id), found.file_id) == (255, 71, b"cd")
        assert find(None, 0, ctypes.byref(found)) == aiodbg.Status.OK
        assert (found.file, found.mapped_id, found.file_id) == (b"/python", b"ab", b"")
        assert found.is_program
        assert find(None, 2, ctypes.byref(found)) == aiodbg.Status.NOT_FOUND


def test_system_calls_are_those_of_the_core():
    class Target(MemoryTarget):
        def core_file(self):
            return "/core"

    class Core:
        def find_syscall(self, tid, ret):
            ret[0] = mirror.CSyscall(number=tid + 1)
            return aiodbg.Status.OK

    opened = []
    found = mirror.CSyscall()
    guard = Guard()
    bound = BoundTarget(Target(), guard, lambda path: opened.append(path) or Core())
    none = BoundTarget(MemoryTarget(), guard, no_core)
    lost = BoundTarget(Target(), guard, no_core)
    with guard:
        for tid in (7, 8):
            assert bound.struct.find_syscall(None, tid, ctypes.byref(found)) == aiodbg.Status.OK
            assert found.number == tid + 1
        for one in (none, lost):
            status = one.struct.find_syscall(None, 7, ctypes.byref(found))
            assert status == aiodbg.Status.NOT_FOUND
    assert opened == ["/core"]


def test_source_lines_reach_the_library(tmp_path):
    class Target(MemoryTarget):
        def source_line(self, path, number):
            return {"/a.py": "x = '\udcff'", "/long.py": "x" * 1000}.get(path)

    guard = Guard()
    bound = BoundTarget(Target(), guard, no_core)
    buffer = ctypes.create_string_buffer(b"old", 100)
    with guard:
        for path, status, text in (
            (b"/a.py", aiodbg.Status.OK, b"x = '\xff'"),
            (b"/b.py", aiodbg.Status.NOT_FOUND, b"x = '\xff'"),
            (b"/long.py", aiodbg.Status.OK, b"x" * 99),
        ):
            address = ctypes.addressof(buffer)
            assert bound.struct.source_line(None, path, 7, address, len(buffer)) == status
            assert buffer.value == text


def test_interrupted():
    target = MemoryTarget()
    struct, guard = bind(target)
    with guard:
        assert struct.interrupted(None) == 0
        target.interrupted = lambda: True
        assert struct.interrupted(None) == 1


def test_ctrl_c_is_never_lost(capfd):
    """It may hit a callback before its first line: ctypes has nobody to give that to."""
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    libc = ctypes.CDLL(None)
    numbers = (ctypes.c_int * 3000)()

    def on_alarm(number, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, on_alarm)
    try:
        for round in range(40):
            guard = Guard()
            callback = compare(lambda a, b: guard.call(lambda: 0))
            with pytest.raises(KeyboardInterrupt):
                with guard:
                    signal.setitimer(signal.ITIMER_REAL, 0.002 + round / 40000)
                    until = time.monotonic() + 1
                    while guard._exception is None and time.monotonic() < until:
                        libc.qsort(numbers, len(numbers), 4, callback)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert capfd.readouterr().err == ""


def test_other_ignored_exceptions_go_where_they_went(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append(unraisable.exc_type))

    class Noisy:
        def __del__(self):
            raise ValueError

    with Guard():
        noisy = Noisy()
        del noisy
    assert seen == [ValueError]


# --- Styles --------------------------------------------------------------------------------------

STYLED = b"\x01Aworker\x02 waits at \x01Cf\x02\n"


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_styles_around_parts(chunk, monkeypatch):
    monkeypatch.setattr(aiodbg.Sink, "CHUNK", chunk)
    texts = []
    sink = aiodbg.Sink(texts.append, None)
    sink.styles = {aiodbg.Role.ROLE_TASK: ("<", ">")}
    for start in range(0, len(STYLED), chunk):
        sink.write(STYLED[start : start + chunk])
    sink.close()
    assert "".join(texts) == "<worker> waits at f\n"


def test_styled_sinks_say_so():
    for styles in ({}, {aiodbg.Role.ROLE_TASK: ("<", ">")}):
        sink = aiodbg.Sink(None, None)
        sink.styles = styles
        bound = aiodbg.target.BoundSink(sink, aiodbg.target.Guard())
        assert (bound.struct.styled, bound.struct.width) == (bool(styles), 0)
