# SPDX-License-Identifier: MIT
"""GDB as a target of libaiodbg: the selected inferior, live or a core file.

GDB's Python functions give memory and the architecture. Sections, mappings and symbols without
debug info exist only as text of CLI commands, so those are parsed: each at most once per command
of ours, and only if the library asks. Works with GDB 12 and newer.
"""

import bisect
import os
import platform
import re

import aiodbg
import gdb
from gdb_files import OtherFiles

# "	0x0000000000ba07c0 - 0x0000000000bedc88 is .PyRuntime in /usr/lib/libpython3.14.so.1.0"
# The executable's own sections have no "in".
_FILE_SECTION = re.compile(r"^\s*0x([0-9a-f]+) - 0x([0-9a-f]+) is (\S+)", re.MULTILINE)

# "  0x400000  0x422000  0x22000  0x0  r--p  /usr/bin/python3.14". Not every system and GDB
# shows permissions.
_MAPPING = re.compile(
    r"^\s*0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+0x[0-9a-f]+\s+0x[0-9a-f]+(?:[ \t]+([-r][-w][-x]\S*))?",
    re.MULTILINE,
)

# The same with a file behind it, whether or not there are permissions.
_MAPPED_FILE = re.compile(
    r"^\s*0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+0x[0-9a-f]+\s+0x[0-9a-f]+[ \t].*?(/.*)$", re.MULTILINE
)

# " [16]  0x00b50000->0x00b51000 at 0x00007000: load4 ALLOC LOAD READONLY HAS_CONTENTS"
# Such names are what BFD makes of the segments of a core. One that the core has only in part
# is split: load4a with contents, load4b without.
_CORE_SEGMENT = re.compile(
    r"^\s*\[\d+\]\s+0x([0-9a-f]+)->0x([0-9a-f]+) at 0x([0-9a-f]+): load\d+[ab]? (.*)$",
    re.MULTILINE,
)

# 'Symbol "x" is static storage at address 0xba07c0.'
# 'Symbol "x" is at 0xba07c0 in a file compiled without debugging.'
_SYMBOL = re.compile(r"^Symbol \".*\" is (?:static storage )?at (?:address )?0x([0-9a-f]+)")

# "  `/build' -> `/usr/src'."
_SUBSTITUTION = re.compile(r"^\s*`(.*)' -> `(.*)'\.$", re.MULTILINE)

# "	`/tmp/core', file type elf64-x86-64."
_CORE_FILE = re.compile(r"^Local core dump file:\n\s*`(.*)', file type", re.MULTILINE)

_NO_TARGET = "no process and no core: use `attach PID`, or `core-file FILE`"
_RUNNING = "the process is running: stop it first, with Ctrl-C or `interrupt`"


def selected_target():
    """The selected inferior as a target. Raises aiodbg.NoTarget if there is nothing to read."""
    inferior = gdb.selected_inferior()
    if not inferior.is_valid() or inferior.pid == 0:
        raise aiodbg.NoTarget(_NO_TARGET)
    # With "set non-stop on" some threads may run while others are stopped; then memory can be
    # read, and the user chose to read it while it changes.
    threads = inferior.threads()
    if threads and all(thread.is_running() for thread in threads):
        raise aiodbg.NoTarget(_RUNNING)
    return GdbTarget(inferior)


class GdbTarget(aiodbg.Target):
    """One inferior, which has to stay the selected one as long as this is used."""

    def __init__(self, inferior):
        self._inferior = inferior
        # Types of the architecture itself: names such as "void" do not parse in every
        # language that the user may have set, nor does a cast.
        architecture = inferior.architecture()
        self.word_size = architecture.integer_type(8).pointer().sizeof
        self.byte_order = _byte_order(architecture)
        self.kind = _kind(inferior)
        # Negative if GDB misreads the core of a machine that it does not know.
        self.pid = max(inferior.pid, 0)
        if _connection(inferior) == "native":
            self.local_pid = self.pid
        self.tid = _selected_tid(inferior)
        self.giving_files = "`set sysroot FOLDER`, `file EXECUTABLE`"
        self.debugger = "GDB %s with Python %s" % (gdb.VERSION, platform.python_version())
        self._section_text = None
        self._mapping_text = None
        self._missing = None
        self._lost = None
        self._file_sections = None
        self._mappings = None
        self._held = None
        self._others = None

    def read(self, address, length):
        data = self._read(address, length)
        if self.kind == aiodbg.TargetKind.TARGET_CORE:
            return self._without_made_up(address, data)
        return data

    def _read(self, address, length):
        try:
            return self._inferior.read_memory(address, length)
        except gdb.error as error:
            # GDB 18 has another error for what would be in a file that was mapped, if it had
            # the file. Nothing else can go wrong with a core; a connection can be lost.
            core = self.kind == aiodbg.TargetKind.TARGET_CORE
            if not core and not isinstance(error, gdb.MemoryError):
                raise
            raise aiodbg.MemoryFault() from None

    def _without_made_up(self, address, data):
        """What GDB has read of a core, without zeros that it has made up.

        Memory that is in the core by name only comes from the file that was mapped there. If
        GDB 13 does not have that file, it reads zeros instead of failing. If it does, but the
        core does not say what was mapped (qemu's do not), it reads the file's section that the
        read begins in, and zeros behind it.

        What could be written to has changed since: of that a file has only the beginning. So it
        is for what was in the core before that was cut, which GDB takes from files as well.
        """
        if self._missing is None:
            self._missing = sorted(_core_segments(with_contents=False))
            lost = [one for one in self._missing if one.writable]
            self._lost = sorted(lost + list(_cut_off(self.core_file())))
        for _ in _overlaps(self._lost, address, address + len(data)):
            raise aiodbg.MemoryFault()
        for first, stop in _overlaps(self._missing, address, address + len(data)):
            for _ in _overlaps(self._other_files().ranges, first, stop):
                raise aiodbg.MemoryFault()
            if self._file_sections is None:
                places = _FILE_SECTION.findall(self._info_files())
                self._file_sections = sorted((int(p[0], 16), int(p[1], 16)) for p in places)
            for start, end in _overlaps(self._file_sections, first, stop):
                if start > address:
                    data = bytearray(bytes(data))
                    data[start - address : end - address] = bytes(self._read(start, end - start))
            if not bytes(data[first - address : stop - address]).strip(b"\0"):
                raise aiodbg.MemoryFault()
        return data

    def symbols(self, name):
        # The first is cheap and mostly the right one; the others are looked for on demand.
        seen = set()
        for find in (_symbol, _symbols_with_debug_info, _symbols_without_debug_info):
            for address in find(name):
                if address not in seen and address not in self._other_files():
                    seen.add(address)
                    yield address

    def _info_files(self):
        if self._section_text is None:
            self._section_text = _execute("info files")
        return self._section_text

    def sections(self, name):
        found = _FILE_SECTION.findall(self._info_files())
        # A remote target prints the executable's once more.
        for start, end in dict.fromkeys(place[:2] for place in found if place[2] == name):
            if int(start, 16) not in self._other_files():
                yield int(start, 16), int(end, 16) - int(start, 16)

    def core_file(self):
        found = _CORE_FILE.search(self._info_files())
        return found.group(1) if found else None

    def other_files(self):
        return self._other_files().found

    def _other_files(self):
        if self._others is None and self.kind == aiodbg.TargetKind.TARGET_CORE:
            self._others = OtherFiles(
                self._read_core,
                self._info_files(),
                self._info_mappings(),
                _execute("info auxv"),
            )
        elif self._others is None:
            self._others = OtherFiles(None, "", "", "")
        return self._others

    def _read_core(self, address, length):
        """What the core itself has, or None."""
        if self._held is None:
            self._held = sorted(_core_segments(with_contents=True))
        held = _overlaps(self._held, address, address + length)
        if sum(end - start for start, end in held) < length:
            return None
        try:
            return self._read(address, length)
        except aiodbg.MemoryFault:
            return None

    def source_files(self, path):
        # As `list` finds files, and before that in the process's own root folder.
        if self.local_pid:
            yield "/proc/%d/root%s" % (self.local_pid, path)
        for start, replacement in _SUBSTITUTION.findall(_execute("show substitute-path")):
            start = start.rstrip("/")
            if path.startswith(start + "/"):
                yield replacement + path[len(start) :]
        sysroot = gdb.parameter("sysroot")
        if sysroot and not sysroot.startswith("target:"):
            yield sysroot + path
        yield path
        for folder in (gdb.parameter("directories") or "").split(":"):
            folder = os.getcwd() if folder == "$cwd" else folder
            if folder and folder != "$cdir":
                yield os.path.join(folder, path.lstrip("/"))
                yield os.path.join(folder, os.path.basename(path))

    def mapping(self, address):
        if self._mappings is None:
            self._mappings = list(self._all_mappings())
        found = [one for one in self._mappings if one.start <= address < one.end]
        return found[0] if found else None

    def _info_mappings(self):
        if self._mapping_text is None:
            self._mapping_text = _execute("info proc mappings")
        return self._mapping_text

    def _all_mappings(self):
        text = self._info_mappings()
        files = [(int(s, 16), int(e, 16), name) for s, e, name in _MAPPED_FILE.findall(text)]
        if self.kind == aiodbg.TargetKind.TARGET_CORE:
            for has_contents in (True, False):
                for start, end, _ in _core_segments(has_contents):
                    names = [name for s, e, name in files if s < end and start < e]
                    yield aiodbg.Mapping(start, end, has_contents, names[0] if names else "")
            # A core need not list what was mapped and not written to.
            for start, end, name in files:
                yield aiodbg.Mapping(start, end, False, name)
            return
        for start, end, permissions in _MAPPING.findall(text):
            start, end = int(start, 16), int(end, 16)
            names = [name for s, e, name in files if (s, e) == (start, end)]
            readable = permissions.startswith("r") if permissions else None
            yield aiodbg.Mapping(start, end, readable, names[0] if names else "")

    def regions(self):
        if self.kind == aiodbg.TargetKind.TARGET_CORE:
            return _core_segments(with_contents=True)
        return _live_regions()


def _overlaps(ranges, start, end):
    """The parts of start to end that sorted ranges, given as (start, end, ...), have."""
    first = bisect.bisect_right(ranges, (start, end)) - 1
    for each in ranges[max(first, 0) :]:
        if each[0] >= end:
            break
        if each[1] > start:
            yield max(each[0], start), min(each[1], end)


def _connection(inferior):
    """What GDB is connected to: "core", "native", "remote" and others, or None."""
    connection = inferior.connection
    return connection.type if connection is not None else None


def _selected_tid(inferior):
    thread = gdb.selected_thread()
    return thread.ptid[1] if thread is not None else 0


def _kind(inferior):
    if _connection(inferior) == "core":
        return aiodbg.TargetKind.TARGET_CORE
    return aiodbg.TargetKind.TARGET_PROCESS


def _byte_order(architecture):
    one = gdb.Value(b"\1\0", architecture.integer_type(16, False))
    if int(one) == 1:
        return aiodbg.ByteOrder.LITTLE_ENDIAN
    return aiodbg.ByteOrder.BIG_ENDIAN


def _symbol(name):
    """Where GDB finds it first. Other than `print &name` this works in every language."""
    match = _SYMBOL.match(_execute("info address " + name))
    if match:
        yield int(match.group(1), 16)


def _symbols_with_debug_info(name):
    for objfile in gdb.objfiles():
        try:
            symbol = objfile.lookup_global_symbol(name)
            address = symbol.value().address if symbol is not None else None
        except gdb.error:
            # Declared there and defined in no file that GDB has.
            continue
        if address is not None:
            yield int(address)


def _symbols_without_debug_info(name):
    text = _execute("info variables -q ^%s$" % name)
    for address in re.findall(r"^0x([0-9a-f]+)\s+%s$" % re.escape(name), text, re.MULTILINE):
        yield int(address, 16)


def _live_regions():
    for start, end, permissions in _MAPPING.findall(_execute("info proc mappings")):
        if not permissions or permissions[0] == "r":
            writable = not permissions or permissions[1] == "w"
            yield aiodbg.Region(int(start, 16), int(end, 16), writable)


def _core_segments(with_contents):
    return (region for region, _ in _placed_segments(with_contents))


def _placed_segments(with_contents):
    """Each with its place in the core."""
    # `info proc mappings` knows a core's mapped files only, not the heap.
    for start, end, at, flags in _CORE_SEGMENT.findall(_execute("maintenance info sections")):
        flags = flags.split()
        if ("HAS_CONTENTS" in flags) == with_contents:
            region = aiodbg.Region(int(start, 16), int(end, 16), "READONLY" not in flags)
            yield region, int(at, 16)


def _cut_off(path):
    """What is behind the end of the core, which was cut."""
    try:
        size = os.path.getsize(path)
    except (OSError, TypeError):
        return
    for region, at in _placed_segments(with_contents=True):
        start = region.start + max(size - at, 0)
        if start < region.end:
            yield aiodbg.Region(start, region.end, region.writable)


def _execute(command):
    """What a GDB command prints; nothing if it fails, as on targets that lack the means."""
    try:
        return gdb.execute(command, False, True)
    except gdb.error:
        return ""
