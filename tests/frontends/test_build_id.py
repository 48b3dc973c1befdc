# SPDX-License-Identifier: MIT
"""Build ids in the first page of ELF files, and which files a core was not made from."""

import struct

import aiodbg
import pytest
from aiodbg.build_id import build_id, file_head, is_other

ID = bytes(range(20))
PAGE = 4096


def elf(identity=ID, order="<", bits=64, notes_at=0x200, other=b""):
    """The first page of a file with one segment of notes, of which the build id's is the second."""
    note = struct.pack(order + "III", 4, 3, 1) + b"GNU\0" + b"abi\0"
    if identity is not None:
        note += struct.pack(order + "III", 4, len(identity), 3) + b"GNU\0" + identity
    head = b"\x7fELF" + bytes([bits // 32, 2 if order == ">" else 1]) + bytes(10)
    if bits == 64:
        head += struct.pack(order + "HHIQQQIHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 2)
        form = order + "IIQQQQQQ"
        segments = [(1, 5, 0, 0, 0, 0, 0, 0), (4, 4, notes_at, 0, 0, len(note), len(note), 4)]
    else:
        head += struct.pack(order + "HHIIIIIHHH", 2, 40, 1, 0, 52, 0, 0, 52, 32, 2)
        form = order + "IIIIIIII"
        segments = [(1, 0, 0, 0, 0, 0, 5, 0), (4, notes_at, 0, 0, len(note), len(note), 4, 4)]
    head = head.ljust(64 if bits == 64 else 52, b"\0")
    page = head + b"".join(struct.pack(form, *segment) for segment in segments)
    return (page.ljust(notes_at, b"\0") + note + other).ljust(PAGE, b"\0")[:PAGE]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bits", [32, 64])
def test_build_id(order, bits):
    assert build_id(elf(order=order, bits=bits)) == ID.hex()


def test_no_build_id():
    assert build_id(elf(identity=None)) is None
    assert build_id(b"") is None
    assert build_id(b"#!/bin/sh\n") is None
    # Its notes are in a later page.
    assert build_id(elf(notes_at=2 * PAGE)) is None


def test_a_damaged_page():
    page = elf()
    for size in range(len(page.rstrip(b"\0"))):
        build_id(page[:size])
    for index in range(0x260):
        build_id(page[:index] + b"\xff" + page[index + 1 :])


def test_other():
    assert not is_other(elf(), elf())
    # As of a file that was stripped.
    assert not is_other(elf(), elf(other=b"x"))
    assert is_other(elf(), elf(ID[::-1]))
    assert is_other(elf(), b"other" + elf()[5:])
    assert not is_other(elf(identity=None), elf(identity=None))
    assert is_other(elf(identity=None), elf(identity=None, other=b"x"))


def test_head_of_a_file(tmp_path):
    (tmp_path / "file").write_bytes(elf() * 2)
    assert file_head(str(tmp_path / "file")) == elf()
    for path in (str(tmp_path / "none"), str(tmp_path), "/dev/zero", "a\0b"):
        assert file_head(path) == b""


# --- What GDB has of a core ----------------------------------------------------------------------

SECTIONS = """\
 [0]  0x00400000->0x00401000 at 0x00007000: load1a ALLOC LOAD READONLY CODE HAS_CONTENTS
 [1]  0x00401000->0x00410000 at 0x00008000: load1b ALLOC READONLY CODE
 [2]  0x00500000->0x00501000 at 0x00008000: load2a ALLOC LOAD READONLY CODE HAS_CONTENTS
 [3]  0x00501000->0x00510000 at 0x00009000: load2b ALLOC READONLY CODE
"""
MAPPINGS = """\
Mapped address spaces:

          Start Addr           End Addr       Size     Offset objfile
            0x400000           0x410000    0x10000        0x0 /usr/bin/python
            0x500000           0x510000    0x10000        0x0 /usr/lib/library
"""
FILES = """\
Symbols from "{0}/python".
Local core dump file:
	`/core', file type elf64-x86-64.
	0x0000000000400000 - 0x0000000000401000 is load1a
Local exec file:
	`{0}/python', file type elf64-x86-64.
	Entry point: 0x401000
	0x0000000000402000 - 0x0000000000403000 is .here
	0x0000000000502000 - 0x0000000000503000 is .here in {0}/library
"""
AUXV = """\
3    AT_PHDR              Program headers for program    0x400040
9    AT_ENTRY             Entry point of program         0x401000
31   AT_EXECFN            File name of executable        0x7ffd8d5d4fdf "/usr/bin/python"
"""


@pytest.fixture
def core(gdb, tmp_path):
    """A function: a core as a target, that was made from files that begin with these pages."""

    def make(python=elf(), library=elf()):
        (tmp_path / "python").write_bytes(elf())
        (tmp_path / "library").write_bytes(elf())
        memory = {0x400000 + at: bytes([byte]) for at, byte in enumerate(python)}
        memory.update((0x500000 + at, bytes([byte])) for at, byte in enumerate(library))
        gdb.cli_output["maintenance info sections"] = SECTIONS
        gdb.cli_output["info proc mappings"] = MAPPINGS
        gdb.cli_output["info files"] = FILES.format(tmp_path)
        gdb.cli_output["info auxv"] = AUXV
        gdb.cli_output["info address symbol"] = 'Symbol "symbol" is at 0x402010 in a file compiled'
        import gdb_target

        gdb.inferior = gdb.Inferior(connection="core")
        found = gdb_target.selected_target()
        found._read = lambda address, length: b"".join(
            memory.get(address + at, b"?") for at in range(length)
        )
        return found

    return make


def test_right_files(core):
    found = core()
    assert found.other_files() == []
    assert list(found.sections(".here")) == [(0x402000, 0x1000), (0x502000, 0x1000)]
    assert list(found.symbols("symbol")) == [0x402010]


def test_another_executable(core, tmp_path):
    found = core(python=elf(ID[::-1]))
    assert found.other_files() == [
        (str(tmp_path / "python"), ID[::-1].hex(), ID.hex(), True)
    ]
    assert list(found.sections(".here")) == [(0x502000, 0x1000)]
    assert list(found.symbols("symbol")) == []
    # Those are the file's bytes.
    with pytest.raises(aiodbg.MemoryFault):
        found.read(0x402000, 8)
    assert found.read(0x502000, 8) == b"????????"
    assert found.read(0x400000, 4) == b"\x7fELF"


def test_another_library(core, tmp_path):
    found = core(library=elf(None, other=b"x"))
    assert found.other_files() == [(str(tmp_path / "library"), None, ID.hex(), False)]
    assert list(found.sections(".here")) == [(0x402000, 0x1000)]
