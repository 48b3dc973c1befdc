# SPDX-License-Identifier: MIT
"""Is a file the one that was mapped? The build id tells, which the first page of both has."""

import collections
import os
import stat
import struct

# A part of every page size. A core has that much of each ELF file that was mapped.
HEAD_SIZE = 4096

_PT_NOTE = 4
_NT_GNU_BUILD_ID = 3

# A file of this machine, and the build ids in hex, or None: of what was mapped, and of the file.
# is_program: it is the executable, or libpython.
OtherFile = collections.namedtuple("OtherFile", "file mapped_id file_id is_program")


def file_head(path):
    """The first page of a file, or as much as there is; b"" if it can't be read."""
    try:
        # A path from a core may be that of anything.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return b""
    try:
        return os.read(descriptor, HEAD_SIZE) if _is_regular(descriptor) else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _is_regular(descriptor):
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def is_elf(head):
    return bytes(head[:4]) == b"\x7fELF"


def is_other(mapped, stored):
    """True if what begins with mapped was not made from the file that begins with stored.

    Both have to be there. A file without what was stripped from the other has its build id.
    """
    ids = build_id(mapped), build_id(stored)
    if None not in ids:
        return ids[0] != ids[1]
    size = min(len(mapped), len(stored))
    return bytes(mapped[:size]) != bytes(stored[:size])


def build_id(head):
    """The build id in the first page of an ELF file, in hex; None if there is none."""
    head = bytes(head)
    try:
        for offset, size in _notes(head):
            found = _find_id(head[offset : offset + size], _order(head))
            if found:
                return found.hex()
    except (struct.error, OverflowError, IndexError):
        pass
    return None


def _order(head):
    return ">" if head[5:6] == b"\2" else "<"


def _notes(head):
    """(offset, size) of the segments of notes that the page may have."""
    if not is_elf(head) or len(head) < 6:
        return
    order = _order(head)
    if head[4] == 2:
        start, size, count = *struct.unpack_from(order + "Q", head, 32), *_sizes(head, 54)
        fields, form = (0, 2, 5), order + "IIQQQQQQ"
    else:
        start, size, count = *struct.unpack_from(order + "I", head, 28), *_sizes(head, 42)
        fields, form = (0, 1, 4), order + "IIIIIIII"
    if size < struct.calcsize(form):
        return
    for index in range(count):
        segment = struct.unpack_from(form, head, start + index * size)
        kind, offset, length = (segment[field] for field in fields)
        if kind == _PT_NOTE and offset < len(head):
            yield offset, length


def _sizes(head, offset):
    return struct.unpack_from(_order(head) + "HH", head, offset)


def _find_id(notes, order):
    at = 0
    while at + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from(order + "III", notes, at)
        name = at + 12
        content = name + name_size + -name_size % 4
        if kind == _NT_GNU_BUILD_ID and notes[name : name + name_size] == b"GNU\0":
            return notes[content : content + size]
        at = content + size + -size % 4
    return None
