# SPDX-License-Identifier: MIT
"""Files that GDB takes for those of a core, though they are of another build.

GDB warns of such an executable at most, and then reads its symbols, and its bytes in place of those
that the core lacks. All of this is text of CLI commands, too: see gdb_target.py.
"""

import collections
import os
import re

import gdb
from aiodbg.build_id import HEAD_SIZE, OtherFile, build_id, file_head, is_elf, is_other

# "	`/usr/bin/python3.14', file type elf64-x86-64."
_EXECUTABLE = re.compile(r"^Local exec file:\n\s*`(.*)', file type", re.MULTILINE)

# "	0x00400238 - 0x00400254 is .interp in /lib64/ld.so". The executable's have no "in".
_SECTION = re.compile(r"^\s*0x([0-9a-f]+) - 0x([0-9a-f]+) is \S+(?: in (/.*))?$", re.MULTILINE)

# "3    AT_PHDR              Program headers for program    0x400040"
_HEADERS = re.compile(r"^3\s+AT_PHDR\s.*\s0x([0-9a-f]+)$", re.MULTILINE)

# "  0x400000  0x422000  0x22000  0x0  r--p  /usr/bin/python3.14", of any GDB.
_MAPPED = re.compile(
    r"^\s*0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)[ \t].*?(/.*)$", re.MULTILINE
)

# What was mapped of a file, and where in the file it begins.
_Mapping = collections.namedtuple("_Mapping", "start end offset path")


class OtherFiles:
    """read(address, length) gives what the core itself has, or None."""

    def __init__(self, read, info_files, mappings, info_auxv):
        self._read = read
        self._mappings = [
            _Mapping(int(start, 16), int(end, 16), int(offset, 16), path)
            for start, end, offset, path in _MAPPED.findall(mappings)
        ]
        self.found = []
        # Sorted (start, end) where GDB has the files' bytes.
        self.ranges = []
        self._compare_executable(info_files, info_auxv)
        self._compare_libraries(info_files)
        self._compare_mapped()
        self.ranges = list(_merged(self.ranges))
        self.found.sort(key=lambda other: not other.is_program)

    def _compare_executable(self, info_files, info_auxv):
        path = _EXECUTABLE.search(info_files)
        headers = _HEADERS.search(info_auxv)
        if not path or not headers:
            return
        # They follow the ELF header.
        address = int(headers.group(1), 16)
        own = info_files[path.end() :]
        sections = [(start, end) for start, end, file in _SECTION.findall(own) if not file]
        self._compare(path.group(1), address - address % HEAD_SIZE, sections, True)

    def _compare_libraries(self, info_files):
        sections = {}
        for start, end, file in _SECTION.findall(info_files):
            if file:
                sections.setdefault(file, []).append((start, end))
        for file, places in sections.items():
            begin = self._begin_of(int(places[0][0], 16))
            if begin is not None:
                is_python = os.path.basename(file).startswith("libpython")
                self._compare(file, begin, places, is_python)

    def _compare_mapped(self):
        """GDB reads such files by itself, too."""
        sysroot = gdb.parameter("sysroot") or ""
        root = "" if sysroot.startswith("target:") else sysroot.rstrip("/")
        for begin in self._mappings:
            if begin.offset == 0 and self._is_other(root + begin.path, begin.start):
                self.ranges += [one[:2] for one in self._mappings if one.path == begin.path]

    def _begin_of(self, address):
        """Where the file begins that was mapped at an address."""
        paths = [one.path for one in self._mappings if one.start <= address < one.end]
        begins = [
            one.start
            for one in self._mappings
            if one.path in paths and one.offset == 0 and one.start <= address
        ]
        return max(begins, default=None)

    def _is_other(self, path, begin):
        mapped = self._read(begin, HEAD_SIZE)
        stored = file_head(path)
        return mapped and stored and is_elf(mapped) and is_other(mapped, stored)

    def _compare(self, path, begin, sections, is_program):
        if not self._is_other(path, begin):
            return
        mapped = build_id(self._read(begin, HEAD_SIZE))
        self.found.append(OtherFile(path, mapped, build_id(file_head(path)), is_program))
        self.ranges += [(int(start, 16), int(end, 16)) for start, end in sections]

    def __contains__(self, address):
        return any(start <= address < end for start, end in self.ranges)


def _merged(ranges):
    last = None
    for start, end in sorted(ranges):
        if last and start <= last[1]:
            last = last[0], max(last[1], end)
            continue
        if last:
            yield last
        last = start, end
    if last:
        yield last
