# SPDX-License-Identifier: MIT
"""Targets and sinks: Python methods that the library calls.

    Target   what a debugger subclasses: read memory, find symbols, sections and regions
    Sink     where text goes

Nothing here knows a debugger, and nothing knows CPython.
"""

import bisect
import codecs
import collections
import ctypes
import itertools
import linecache
import os
import re
import stat
import sys
import time

from .mirror import (
    BUILD_ID_MAX,
    FILE_MAX,
    FIND_MAPPING_FN,
    FIND_OTHER_FILE_FN,
    FIND_SECTION_FN,
    FIND_SYMBOL_FN,
    FIND_SYSCALL_FN,
    INTERRUPTED_FN,
    NEXT_REGION_FN,
    READ_FN,
    SOURCE_LINE_FN,
    STYLE_BEGIN,
    STYLE_END,
    WARN_FN,
    WRITE_FN,
    ByteOrder,
    CMapping,
    COtherFile,
    CRegion,
    CSink,
    CTarget,
    Status,
    TargetKind,
)

# What a callback returns to say "a Python exception is waiting". Negative values pass through
# the library unchanged and stop its work.
CALLBACK_RAISED = -1


class SourceChanged(Exception):
    """A source file is newer than the program that runs it."""


class MemoryFault(Exception):
    """Raised by Target.read() for memory that cannot be read."""


class NoTarget(Exception):
    """There is nothing to read: one line that says what to do."""


Region = collections.namedtuple("Region", "start end writable")
# struct aiodbg_mapping; has_contents may be None, if that is not known.
Mapping = collections.namedtuple("Mapping", "start end has_contents file")


class Target:
    """A stopped process or a core file, as a debugger sees it.

    Subclasses set the attributes and define what they can. One object is meant for one
    command: answers other than memory are asked for once and kept.
    """

    word_size = 8
    byte_order = ByteOrder.LITTLE_ENDIAN
    kind = TargetKind.TARGET_PROCESS
    # 0 if not known.
    pid = 0
    # Of a process on this machine that may be read without the debugger, else 0.
    local_pid = 0
    # The kernel's id of the thread that the user has selected, 0 if there is none.
    tid = 0
    # Name and version of the debugger, for reports.
    debugger = None
    # How its user gives it the files of a program from another machine, for advice.
    giving_files = None

    def read(self, address, length):
        """All length bytes at address as a bytes-like object, or MemoryFault."""
        raise NotImplementedError

    def symbols(self, name):
        """Addresses of all definitions of a symbol. Consumed only as far as needed."""
        return ()

    def sections(self, name):
        """(address, length) of all sections of that name. Consumed only as far as needed."""
        return ()

    def regions(self):
        """All readable regions, in any order."""
        return ()

    def mapping(self, address):
        """The Mapping that address is in, or None: why it cannot be read."""
        return None

    def core_file(self):
        """The path of the core on this machine, or None."""
        return None

    def other_files(self):
        """build_id.OtherFile of each file that the debugger takes for one of a core, though it is
        of another build; those of the program first."""
        return ()

    def source_files(self, path):
        """Where this machine may have a source file that the target knows as path, best first."""
        return (path,)

    def source_newest(self):
        """A source file that was changed later (in seconds since 1970) is not the program's; or 0."""
        if self.local_pid:
            return _started(self.local_pid)
        core = self.core_file()
        try:
            return os.stat(core).st_mtime if core else 0
        except (OSError, ValueError):
            return 0

    def source_line(self, path, number):
        """The text of a line of a source file, or None."""
        newest = self.source_newest()
        for file in self.source_files(path):
            if _is_source(file):
                if newest and os.stat(file).st_mtime > newest:
                    raise SourceChanged()
                linecache.checkcache(file)
                text = linecache.getline(file, number)
                if text:
                    return text.rstrip("\r\n")
        return None

    def interrupted(self):
        """True if the user asked to stop. Raising KeyboardInterrupt does as well."""
        return False


# A generated source may be large; a path in a core may be that of anything.
_SOURCE_SIZE_MAX = 64 << 20


def _started(pid):
    """When a process of this machine began, a little later rather than earlier; 0: not known."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0
    return time.time() - age + 2


def _is_source(path):
    """False for what would block, never end, or change the system by being read."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode) and 0 < status.st_size <= _SOURCE_SIZE_MAX


_MARK = re.compile(STYLE_BEGIN + "(.)|" + STYLE_END)


class Sink:
    """Takes the library's UTF-8 in pieces of any size, and gives it on as text in chunks.

    emit takes text, warn takes one line. unicode says if the reader can display any character;
    styles, what to put around a text of each Role, if not empty; width, the columns of the
    terminal, 0 if there is none.
    Few large chunks, because debuggers' output functions are slow per call; not one, so that
    paging starts soon and an interruption stops the output.
    """

    CHUNK = 64 * 1024

    def __init__(self, emit, warn, unicode=True):
        self._emit = emit
        self._warn = warn
        self.unicode = unicode
        self.styles = {}
        self.width = 0
        # What ends the part that is being written.
        self._style_end = ""
        self._cut = ""
        self._pending = bytearray()
        # A chunk may end in the middle of a character.
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def write(self, data):
        # What the library writes is a chunk already, except for the last.
        if not self._pending and len(data) >= self.CHUNK:
            self._give(data, final=False)
            return
        self._pending += data
        if len(self._pending) >= self.CHUNK:
            self._flush(final=False)

    def warn(self, line):
        self._flush(final=False)
        self._warn(line)

    def close(self):
        """Give on what is left."""
        self._flush(final=True)

    def interrupted(self):
        """True if the user asked to stop: for what has no target that could be asked."""
        return False

    def _flush(self, final):
        data = bytes(self._pending)
        self._pending.clear()
        self._give(data, final)

    def _give(self, data, final):
        text = self._decoder.decode(data, final)
        if self.styles:
            text = self._styled(text)
        if text:
            self._emit(text)

    def _styled(self, text):
        text, self._cut = self._cut + text, ""
        if text.endswith(STYLE_BEGIN):
            text, self._cut = text[:-1], STYLE_BEGIN
        return _MARK.sub(self._translated, text)

    def _translated(self, mark):
        if mark.group(0) == STYLE_END:
            return self._style_end
        role = ord(mark.group(1)) - ord("A")
        begin, self._style_end = self.styles.get(role, ("", ""))
        return begin


class Guard:
    """Carries Python exceptions over the C frames between a callback and its caller.

    Callbacks run through call(), the C function inside a with block: what a callback raised
    is raised again at the end of the block. After the first exception no callback runs any
    more, so the library comes back soon.
    """

    def __init__(self):
        self._exception = None
        self._previous_hook = None

    def call(self, function, *arguments):
        if self._exception is not None:
            return CALLBACK_RAISED
        try:
            return function(*arguments)
        except BaseException as error:  # KeyboardInterrupt as well
            self._exception = error
            return CALLBACK_RAISED

    def __enter__(self):
        # A Ctrl-C during C code becomes a KeyboardInterrupt on the first instruction of the
        # next callback, which is before its "try" (Python 3.11 and newer). ctypes then
        # reports an exception that it ignores, and returns an arbitrary number to C.
        self._exception = None
        self._previous_hook = sys.unraisablehook
        sys.unraisablehook = self._unraisable
        return self

    def __exit__(self, kind, value, traceback):
        sys.unraisablehook = self._previous_hook
        error, self._exception = self._exception, None
        if error is not None and value is None:
            raise error

    def _unraisable(self, unraisable):
        value = unraisable.exc_value
        ours = isinstance(value, KeyboardInterrupt) or "ctypes callback" in str(unraisable.err_msg)
        if not ours:
            self._previous_hook(unraisable)
        elif self._exception is None:
            self._exception = value


class BoundTarget:
    """struct aiodbg_target with callbacks into a Target, alive as long as this object."""

    def __init__(self, target, guard, open_core):
        """open_core(path) is the library's own target of a core file; None if it is none."""
        self._target = target
        self._guard = guard
        self._open_core = open_core
        self._core = None
        self._symbols = _Lists(target.symbols)
        self._sections = _Lists(target.sections)
        self._regions = None
        self._other_files = None
        self.struct = CTarget(
            size=ctypes.sizeof(CTarget),
            word_size=target.word_size,
            byte_order=target.byte_order,
            kind=target.kind,
            pid=target.pid,
            local_pid=target.local_pid,
            tid=target.tid,
            debugger=None if target.debugger is None else bytes_of(target.debugger),
            giving_files=None if target.giving_files is None else bytes_of(target.giving_files),
            read=READ_FN(self._read),
            find_symbol=FIND_SYMBOL_FN(self._find_symbol),
            find_section=FIND_SECTION_FN(self._find_section),
            next_region=NEXT_REGION_FN(self._next_region),
            interrupted=INTERRUPTED_FN(self._interrupted),
            source_line=SOURCE_LINE_FN(self._source_line),
            find_mapping=FIND_MAPPING_FN(self._find_mapping),
            find_other_file=FIND_OTHER_FILE_FN(self._find_other_file),
            find_syscall=FIND_SYSCALL_FN(self._find_syscall),
        )

    def _read(self, _ctx, address, buffer, length):
        return self._guard.call(self._do_read, address, buffer, length)

    def _do_read(self, address, buffer, length):
        try:
            data = self._target.read(address, length)
        except MemoryFault:
            return Status.FAULT
        # bytes() of bytes is free. From another buffer it is a second copy, and still faster
        # than the ctypes array that avoids it, except for blocks of 64 KiB (by a tenth).
        data = bytes(data)
        if len(data) != length:
            return Status.FAULT
        ctypes.memmove(buffer, data, length)
        return Status.OK

    def _find_symbol(self, _ctx, name, index, ret):
        return self._guard.call(self._do_find_symbol, name, index, ret)

    def _do_find_symbol(self, name, index, ret):
        address = self._symbols.get(name.decode(), index)
        if address is None:
            return Status.NOT_FOUND
        ret[0] = address
        return Status.OK

    def _find_section(self, _ctx, name, index, address, length):
        return self._guard.call(self._do_find_section, name, index, address, length)

    def _do_find_section(self, name, index, address, length):
        section = self._sections.get(name.decode(), index)
        if section is None:
            return Status.NOT_FOUND
        address[0], length[0] = section
        return Status.OK

    def _next_region(self, _ctx, address, ret):
        return self._guard.call(self._do_next_region, address, ret)

    def _do_next_region(self, address, ret):
        if self._regions is None:
            self._regions = sorted(self._target.regions(), key=lambda region: region.end)
            self._ends = [region.end for region in self._regions]
        index = bisect.bisect_right(self._ends, address)
        if index == len(self._regions):
            return Status.NOT_FOUND
        region = self._regions[index]
        ret[0] = CRegion(region.start, region.end, bool(region.writable))
        return Status.OK

    def _find_mapping(self, _ctx, address, ret):
        return self._guard.call(self._do_find_mapping, address, ret)

    def _do_find_mapping(self, address, ret):
        found = self._target.mapping(address)
        if found is None:
            return Status.NOT_FOUND
        has_contents = -1 if found.has_contents is None else bool(found.has_contents)
        path = bytes_of(found.file or "")[: FILE_MAX - 1]
        ret[0] = CMapping(found.start, found.end, has_contents, path)
        return Status.OK

    def _find_other_file(self, _ctx, index, ret):
        return self._guard.call(self._do_find_other_file, index, ret)

    def _do_find_other_file(self, index, ret):
        if self._other_files is None:
            self._other_files = list(self._target.other_files())
        if index >= len(self._other_files):
            return Status.NOT_FOUND
        other = self._other_files[index]
        ret[0] = COtherFile(
            bytes_of(other.file)[: FILE_MAX - 1],
            bytes_of(other.mapped_id or "")[: BUILD_ID_MAX - 1],
            bytes_of(other.file_id or "")[: BUILD_ID_MAX - 1],
            bool(other.is_program),
        )
        return Status.OK

    def _find_syscall(self, _ctx, tid, ret):
        return self._guard.call(self._do_find_syscall, tid, ret)

    def _do_find_syscall(self, tid, ret):
        """Registers are in the core's notes, which the library reads: debuggers have to select a
        thread for them."""
        if self._core is None:
            path = self._target.core_file()
            self._core = path and self._open_core(path) or False
        return self._core.find_syscall(tid, ret) if self._core else Status.NOT_FOUND

    def _source_line(self, _ctx, path, line, buffer, size):
        return self._guard.call(self._do_source_line, path, line, buffer, size)

    def _do_source_line(self, path, line, buffer, size):
        try:
            text = self._target.source_line(path.decode("utf-8", "surrogateescape"), line)
        except SourceChanged:
            return Status.CORRUPT
        if text is None:
            return Status.NOT_FOUND
        # What is not UTF-8 is the library's to escape.
        data = text.encode("utf-8", "surrogateescape")[: size - 1] + b"\0"
        ctypes.memmove(buffer, data, len(data))
        return Status.OK

    def _interrupted(self, _ctx):
        return self._guard.call(self._do_interrupted)

    def _do_interrupted(self):
        return 1 if self._target.interrupted() else 0


class _Lists:
    """The index-th item of what find(name) iterates over, never asking for the same twice."""

    def __init__(self, find):
        self._find = find
        self._started = {}

    def get(self, name, index):
        if name not in self._started:
            self._started[name] = ([], iter(self._find(name)))
        items, rest = self._started[name]
        if index >= len(items):
            items.extend(itertools.islice(rest, index + 1 - len(items)))
        return items[index] if index < len(items) else None


class BoundSink:
    """struct aiodbg_sink with callbacks into a Sink, alive as long as this object."""

    def __init__(self, sink, guard):
        self._sink = sink
        self._guard = guard
        self.struct = CSink(
            size=ctypes.sizeof(CSink),
            write=WRITE_FN(self._write),
            warn=WARN_FN(self._warn),
            unicode=bool(sink.unicode),
            interrupted=INTERRUPTED_FN(self._interrupted),
            styled=bool(sink.styles),
            width=sink.width,
        )

    def _write(self, _ctx, text, length):
        return self._guard.call(self._do_write, text, length)

    def _do_write(self, text, length):
        if length:
            self._sink.write(ctypes.string_at(text, length))
        return Status.OK

    def _warn(self, _ctx, line):
        self._guard.call(self._do_warn, line)

    def _do_warn(self, line):
        self._sink.warn(line.decode("utf-8", "backslashreplace"))

    def _interrupted(self, _ctx):
        return self._guard.call(lambda: 1 if self._sink.interrupted() else 0)


def bytes_of(text):
    """As C has the user's text."""
    return text.encode("utf-8", "surrogateescape")
