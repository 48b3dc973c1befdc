# SPDX-License-Identifier: MIT
"""libaiodbg from Python, for the front-ends inside GDB and LLDB.

A ctypes mirror of aiodbg.h (a test compares the two), the search for the shared library, and
three classes that make C callbacks out of Python methods:

    Target   what a debugger subclasses: read memory, find symbols, sections and regions
    Sink     where text goes
    Library  the functions: run_command(), commands(), complete(), open()

Nothing here knows a debugger, and nothing knows CPython. Python 3.8 is enough, and only the
standard library is used, because this runs inside whatever Python a debugger was built with.
"""

import bisect
import codecs
import collections
import ctypes
import enum
import glob
import itertools
import linecache
import os
import re
import shlex
import stat
import sys
import weakref

# AIODBG_INTERFACE of the header that this file mirrors.
INTERFACE = 3

MESSAGE_MAX = 400
FILE_MAX = 256


class Status(enum.IntEnum):
    """enum aiodbg_status"""

    OK = 0
    NO_MEMORY = 1
    INVALID = 2
    USAGE = 3
    FAULT = 4
    CORRUPT = 5
    NOT_FOUND = 6
    UNSUPPORTED = 7
    LIMIT = 8
    INTERRUPTED = 9
    IO = 10
    NO_PROCESS = 11
    DENIED = 12
    TOO_MUCH = 13


class ByteOrder(enum.IntEnum):
    """enum aiodbg_byte_order"""

    LITTLE_ENDIAN = 1
    BIG_ENDIAN = 2


class TargetKind(enum.IntEnum):
    """enum aiodbg_target_kind"""

    TARGET_PROCESS = 1
    TARGET_CORE = 2


class TaskState(enum.IntEnum):
    """enum aiodbg_task_state"""

    TASK_UNKNOWN = 0
    TASK_PENDING = 1
    TASK_RUNNING = 2
    TASK_FINISHED = 3
    TASK_CANCELLED = 4


class FrameKind(enum.IntEnum):
    """enum aiodbg_frame_kind"""

    FRAME_FUNCTION = 1
    FRAME_GENERATOR = 2
    FRAME_COROUTINE = 3
    FRAME_ASYNC_GENERATOR = 4


class EdgeSource(enum.IntEnum):
    """enum aiodbg_edge_source"""

    SOURCE_AWAITED_BY = 1
    SOURCE_CALLBACK = 2


class WordKind(enum.IntEnum):
    """enum aiodbg_word_kind"""

    WORD_OTHER = 0
    WORD_CHOICE = 1
    WORD_FILE = 2
    WORD_TASK = 3


# AIODBG_NONE: the number of no task or thread.
NONE = ctypes.c_size_t(-1).value


# What a callback returns to say "a Python exception is waiting". Negative values pass through
# the library unchanged and stop its work.
CALLBACK_RAISED = -1


class Error(Exception):
    """The library's answer is an error: one line of text, its status, and the target address."""

    def __init__(self, message, status, address=None):
        super().__init__(message)
        self.status = status
        self.address = address


class LibraryError(Exception):
    """There is no usable libaiodbg: one line that names the paths tried and how to build."""


class MemoryFault(Exception):
    """Raised by Target.read() for memory that cannot be read."""


class NoTarget(Exception):
    """There is nothing to read: one line that says what to do."""


# --- Mirror of aiodbg.h ------------------------------------------------------------------------
#
# Pointers to bytes are c_void_p, not c_char_p: those buffers are not NUL-terminated.

READ_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t
)
FIND_SYMBOL_FN = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_uint,
    ctypes.POINTER(ctypes.c_uint64),
)
FIND_SECTION_FN = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_uint,
    ctypes.POINTER(ctypes.c_uint64),
    ctypes.POINTER(ctypes.c_uint64),
)
SOURCE_LINE_FN = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_uint32,
    ctypes.c_void_p,
    ctypes.c_size_t,
)
INTERRUPTED_FN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
WRITE_FN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
WARN_FN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


class CError(ctypes.Structure):
    """struct aiodbg_error"""

    _fields_ = [
        ("code", ctypes.c_int),
        ("has_address", ctypes.c_int),
        ("address", ctypes.c_uint64),
        ("message", ctypes.c_char * MESSAGE_MAX),
    ]


class CRegion(ctypes.Structure):
    """struct aiodbg_region"""

    _fields_ = [
        ("start", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
        ("writable", ctypes.c_int),
    ]


class CMapping(ctypes.Structure):
    """struct aiodbg_mapping"""

    _fields_ = [
        ("start", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
        ("has_contents", ctypes.c_int),
        ("file", ctypes.c_char * FILE_MAX),
    ]


FIND_MAPPING_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(CMapping)
)
NEXT_REGION_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(CRegion)
)


class CTarget(ctypes.Structure):
    """struct aiodbg_target"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("ctx", ctypes.c_void_p),
        ("word_size", ctypes.c_uint32),
        ("byte_order", ctypes.c_uint32),
        ("kind", ctypes.c_uint32),
        ("pid", ctypes.c_uint32),
        ("local_pid", ctypes.c_uint32),
        ("tid", ctypes.c_uint32),
        ("debugger", ctypes.c_char_p),
        ("giving_files", ctypes.c_char_p),
        ("read", READ_FN),
        ("find_symbol", FIND_SYMBOL_FN),
        ("find_section", FIND_SECTION_FN),
        ("next_region", NEXT_REGION_FN),
        ("interrupted", INTERRUPTED_FN),
        ("source_line", SOURCE_LINE_FN),
        ("find_mapping", FIND_MAPPING_FN),
    ]


class COptions(ctypes.Structure):
    """struct aiodbg_options"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("block_size", ctypes.c_uint32),
        ("cache_size", ctypes.c_uint64),
        ("retries", ctypes.c_uint32),
        ("interrupted", INTERRUPTED_FN),
        ("interrupted_ctx", ctypes.c_void_p),
    ]


class CSink(ctypes.Structure):
    """struct aiodbg_sink"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("ctx", ctypes.c_void_p),
        ("write", WRITE_FN),
        ("warn", WARN_FN),
        ("unicode", ctypes.c_int),
        ("interrupted", INTERRUPTED_FN),
    ]


class CGraphOptions(ctypes.Structure):
    """struct aiodbg_graph_options"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("depth", ctypes.c_uint32),
        ("limit", ctypes.c_int32),
        ("has_limit", ctypes.c_int),
        ("tid", ctypes.c_uint64),
    ]


class CGraphNode(ctypes.Structure):
    """struct aiodbg_graph_node"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("id", ctypes.c_uint64),
        ("is_task", ctypes.c_int),
        ("task", ctypes.c_size_t),
        ("first_frame", ctypes.c_size_t),
        ("end_frame", ctypes.c_size_t),
        ("link_count", ctypes.c_size_t),
    ]


class CGraphLink(ctypes.Structure):
    """struct aiodbg_graph_link"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("awaiter_id", ctypes.c_uint64),
        ("source", ctypes.c_uint32),
        ("is_shown", ctypes.c_int),
    ]


class CStats(ctypes.Structure):
    """struct aiodbg_stats"""

    _fields_ = [
        ("reads", ctypes.c_uint64),
        ("faults", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("cache_peak", ctypes.c_uint64),
    ]


class CProblem(ctypes.Structure):
    """struct aiodbg_problem"""


CProblem._fields_ = [
    ("next", ctypes.POINTER(CProblem)),
    ("code", ctypes.c_int),
    ("has_address", ctypes.c_int),
    ("address", ctypes.c_uint64),
    ("message", ctypes.c_char_p),
]


class CSnapshotInfo(ctypes.Structure):
    """struct aiodbg_snapshot_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("hexversion", ctypes.c_uint32),
        ("free_threaded", ctypes.c_int),
        ("debug", ctypes.c_int),
        ("kind", ctypes.c_uint32),
        ("pid", ctypes.c_uint32),
        ("complete", ctypes.c_int),
        ("task_count", ctypes.c_size_t),
        ("pending_count", ctypes.c_size_t),
        ("thread_count", ctypes.c_size_t),
        ("cycle_count", ctypes.c_size_t),
        ("problems", ctypes.POINTER(CProblem)),
    ]


class CTaskInfo(ctypes.Structure):
    """struct aiodbg_task_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("id", ctypes.c_uint64),
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
        ("thread", ctypes.c_size_t),
        ("interpreter", ctypes.c_int64),
        ("loop", ctypes.c_uint64),
        ("state", ctypes.c_uint32),
        ("cancel_requests", ctypes.c_int32),
        ("frame_count", ctypes.c_size_t),
        ("awaiter_count", ctypes.c_size_t),
        ("awaited_count", ctypes.c_size_t),
        ("problems", ctypes.POINTER(CProblem)),
    ]


class CFrameInfo(ctypes.Structure):
    """struct aiodbg_frame_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("place", ctypes.c_uint64),
        ("function", ctypes.c_char_p),
        ("file", ctypes.c_char_p),
        ("kind", ctypes.c_uint32),
        ("line", ctypes.c_int32),
        ("end_line", ctypes.c_int32),
        ("column", ctypes.c_int32),
        ("end_column", ctypes.c_int32),
    ]


class CEdgeInfo(ctypes.Structure):
    """struct aiodbg_edge_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("task", ctypes.c_size_t),
        ("awaiter", ctypes.c_size_t),
        ("awaiter_id", ctypes.c_uint64),
        ("source", ctypes.c_uint32),
        ("via_count", ctypes.c_size_t),
        ("via", ctypes.POINTER(ctypes.c_uint64)),
    ]


class CThreadInfo(ctypes.Structure):
    """struct aiodbg_thread_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("tid", ctypes.c_uint64),
        ("interpreter", ctypes.c_int64),
        ("loop", ctypes.c_uint64),
        ("running_task", ctypes.c_uint64),
    ]


class CCycleInfo(ctypes.Structure):
    """struct aiodbg_cycle_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("task_count", ctypes.c_size_t),
        ("deadlock", ctypes.c_int),
    ]


class CCommand(ctypes.Structure):
    """struct aiodbg_command"""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("usage", ctypes.c_char_p),
        ("summary", ctypes.c_char_p),
        ("help", ctypes.c_char_p),
    ]


# name: (result, arguments)
PROTOTYPES = {
    "aiodbg_interface": (ctypes.c_uint, []),
    "aiodbg_version": (ctypes.c_char_p, []),
    "aiodbg_open": (
        ctypes.c_int,
        [
            ctypes.POINTER(CTarget),
            ctypes.POINTER(COptions),
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_open_process": (
        ctypes.c_int,
        [
            ctypes.c_uint32,
            ctypes.POINTER(COptions),
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_close": (None, [ctypes.c_void_p]),
    "aiodbg_get_stats": (None, [ctypes.c_void_p, ctypes.POINTER(CStats)]),
    "aiodbg_snapshot_create": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.POINTER(CError), ctypes.POINTER(ctypes.c_void_p)],
    ),
    "aiodbg_snapshot_create_with": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.c_uint64,
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_snapshot_create_for": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_snapshot_destroy": (None, [ctypes.c_void_p]),
    "aiodbg_render": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(CSink), ctypes.POINTER(CError)],
    ),
    "aiodbg_snapshot_describe": (ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(CSnapshotInfo)]),
    "aiodbg_snapshot_task": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(CTaskInfo)],
    ),
    "aiodbg_snapshot_frame": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(CFrameInfo)],
    ),
    "aiodbg_snapshot_awaiter": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(CEdgeInfo)],
    ),
    "aiodbg_snapshot_awaited": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(CEdgeInfo)],
    ),
    "aiodbg_snapshot_thread": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(CThreadInfo)],
    ),
    "aiodbg_snapshot_cycle": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(CCycleInfo)],
    ),
    "aiodbg_snapshot_cycle_task": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)],
    ),
    "aiodbg_snapshot_find": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(CError), ctypes.POINTER(ctypes.c_size_t)],
    ),
    "aiodbg_snapshot_complete": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_size_t),
            ctypes.c_char_p,
            ctypes.c_size_t,
        ],
    ),
    "aiodbg_render_task": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.POINTER(CSink), ctypes.POINTER(CError)],
    ),
    "aiodbg_render_graph": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.c_uint64,
            ctypes.POINTER(CGraphOptions),
            ctypes.POINTER(CSink),
            ctypes.POINTER(CError),
        ],
    ),
    "aiodbg_graph_node": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.c_uint64,
            ctypes.POINTER(CGraphOptions),
            ctypes.c_int,
            ctypes.POINTER(CGraphNode),
        ],
    ),
    "aiodbg_graph_task": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(CTaskInfo)],
    ),
    "aiodbg_graph_link": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t, ctypes.POINTER(CGraphLink)],
    ),
    "aiodbg_command_describe": (ctypes.c_int, [ctypes.c_uint, ctypes.POINTER(CCommand)]),
    "aiodbg_command_prefix": (ctypes.POINTER(CCommand), []),
    "aiodbg_command_complete": (
        ctypes.c_char_p,
        [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint],
    ),
    "aiodbg_command_word": (
        ctypes.c_int,
        [ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)],
    ),
    "aiodbg_command_run": (
        ctypes.c_int,
        [
            ctypes.POINTER(CTarget),
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.POINTER(CSink),
            ctypes.POINTER(CError),
        ],
    ),
}


# --- Targets and sinks -------------------------------------------------------------------------

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

    def source_files(self, path):
        """Where this machine may have a source file that the target knows as path, best first."""
        return (path,)

    def source_line(self, path, number):
        """The text of a line of a source file, or None."""
        for file in self.source_files(path):
            if _is_source(file):
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


def _is_source(path):
    """False for what would block, never end, or change the system by being read."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode) and 0 < status.st_size <= _SOURCE_SIZE_MAX


class Sink:
    """Takes the library's UTF-8 in pieces of any size, and gives it on as text in chunks.

    emit takes text, warn takes one line. unicode says if the reader can display any character.
    Few large chunks, because debuggers' output functions are slow per call; not one, so that
    paging starts soon and an interruption stops the output.
    """

    CHUNK = 64 * 1024

    def __init__(self, emit, warn, unicode=True):
        self._emit = emit
        self._warn = warn
        self.unicode = unicode
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
        if text:
            self._emit(text)


class _Guard:
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


class _BoundTarget:
    """struct aiodbg_target with callbacks into a Target, alive as long as this object."""

    def __init__(self, target, guard):
        self._target = target
        self._guard = guard
        self._symbols = _Lists(target.symbols)
        self._sections = _Lists(target.sections)
        self._regions = None
        self.struct = CTarget(
            size=ctypes.sizeof(CTarget),
            word_size=target.word_size,
            byte_order=target.byte_order,
            kind=target.kind,
            pid=target.pid,
            local_pid=target.local_pid,
            tid=target.tid,
            debugger=None if target.debugger is None else _bytes_of(target.debugger),
            giving_files=None if target.giving_files is None else _bytes_of(target.giving_files),
            read=READ_FN(self._read),
            find_symbol=FIND_SYMBOL_FN(self._find_symbol),
            find_section=FIND_SECTION_FN(self._find_section),
            next_region=NEXT_REGION_FN(self._next_region),
            interrupted=INTERRUPTED_FN(self._interrupted),
            source_line=SOURCE_LINE_FN(self._source_line),
            find_mapping=FIND_MAPPING_FN(self._find_mapping),
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
        path = _bytes_of(found.file or "")[: FILE_MAX - 1]
        ret[0] = CMapping(found.start, found.end, has_contents, path)
        return Status.OK

    def _source_line(self, _ctx, path, line, buffer, size):
        return self._guard.call(self._do_source_line, path, line, buffer, size)

    def _do_source_line(self, path, line, buffer, size):
        text = self._target.source_line(path.decode("utf-8", "surrogateescape"), line)
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


class _BoundSink:
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


# --- The library -------------------------------------------------------------------------------

Command = collections.namedtuple("Command", "name usage summary help")


class Library:
    """The functions of one loaded libaiodbg."""

    def __init__(self, path):
        """Raises OSError if path cannot be loaded, LibraryError if it does not fit."""
        self.path = path
        self._lib = ctypes.CDLL(path)
        self._check_interface()
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(self._lib, name)
            function.restype = result
            function.argtypes = arguments

    def _check_interface(self):
        try:
            interface = self._lib.aiodbg_interface()
        except AttributeError:
            raise LibraryError("is no libaiodbg") from None
        if interface != INTERFACE:
            raise LibraryError("has interface %d, not %d" % (interface, INTERFACE))

    def version(self):
        return self._lib.aiodbg_version().decode()

    def commands(self):
        """The table of commands, in its order."""
        found = []
        entry = CCommand()
        while self._lib.aiodbg_command_describe(len(found), ctypes.byref(entry)) == Status.OK:
            found.append(_command(entry))
        return found

    def prefix(self):
        """The prefix command itself."""
        return _command(self._lib.aiodbg_command_prefix().contents)

    def complete(self, command, words):
        """Completions of the last of words, which are the arguments of the command so far."""
        word = words[-1] if words else ""
        previous = words[-2] if len(words) > 1 else ""
        arguments = [_bytes_of(part) for part in (command, previous, word)]
        found = []
        while True:
            item = self._lib.aiodbg_command_complete(*arguments, len(found))
            if item is None:
                return found
            found.append(item.decode())

    def word_kind(self, command, words):
        """The WordKind of the last of words, which are the arguments of the command so far."""
        return WordKind(
            self._lib.aiodbg_command_word(_bytes_of(command), len(words), _array_of(words))
        )

    def run_command(self, target, argv, sink):
        """Run one command; argv[0] is its name. target may be None. Raises Error."""
        guard = _Guard()
        bound_target = _BoundTarget(target, guard) if target is not None else None
        bound_sink = _BoundSink(sink, guard)
        error = CError()
        with guard:
            code = self._lib.aiodbg_command_run(
                ctypes.byref(bound_target.struct) if bound_target else None,
                len(argv),
                _array_of(argv),
                ctypes.byref(bound_sink.struct),
                ctypes.byref(error),
            )
        _check(code, error)

    def open(self, target, block_size=0, cache_size=0):
        """Find the runtime of the target. Returns a Handle; raises Error."""
        guard = _Guard()
        bound = _BoundTarget(target, guard)
        options = COptions(ctypes.sizeof(COptions), block_size, cache_size)
        return Handle(self._lib, "aiodbg_open", bound, bound.struct, options, guard)

    def open_process(self, pid, retries=3, interrupted=lambda: False):
        """Find the runtime of a process on this machine, which is not stopped.

        interrupted() is asked now and then, and is true if the user wants no more of it. Returns
        a Handle; raises Error.
        """
        guard = _Guard()
        callback = INTERRUPTED_FN(lambda _ctx: guard.call(lambda: 1 if interrupted() else 0))
        size = ctypes.sizeof(COptions)
        options = COptions(size=size, retries=retries, interrupted=callback)
        return Handle(self._lib, "aiodbg_open_process", callback, pid, options, guard)


def _bytes_of(text):
    """As C has the user's text."""
    return text.encode("utf-8", "surrogateescape")


def _array_of(words):
    """As C has a command line."""
    return (ctypes.c_char_p * (len(words) + 1))(*map(_bytes_of, words), None)


class Handle:
    """struct aiodbg: a runtime that was found in a target. Closed by with, or close()."""

    def __init__(self, lib, function, callbacks, target, options, guard):
        """function is the one of lib that opens target; callbacks are those of the target."""
        self._lib = lib
        self._guard = guard
        # As long as they may be called.
        self._callbacks = callbacks
        self._pointer = ctypes.c_void_p()
        error = CError()
        with guard:
            code = getattr(lib, function)(
                target,
                ctypes.byref(options),
                ctypes.byref(error),
                ctypes.byref(self._pointer),
            )
        _check(code, error)

    def snapshot(self, future=0):
        """Decode all tasks, and the task or future at that address. Raises Error."""
        return SnapshotHandle(self._lib, self._pointer, self._guard, future)

    def stats(self):
        """struct aiodbg_stats as a dict."""
        stats = CStats()
        self._lib.aiodbg_get_stats(self._pointer, ctypes.byref(stats))
        return {name: getattr(stats, name) for name, _ in CStats._fields_}

    def close(self):
        self._lib.aiodbg_close(self._pointer)
        self._pointer = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class SnapshotHandle:
    """struct aiodbg_snapshot: all tasks at one moment. May outlive its Handle.

    describe(), task() and so on return the struct of the C function of that name; strings and
    pointers in it are valid until close(). IndexError says that there is no such thing.
    """

    def __init__(self, lib, handle, guard, future=0):
        self._lib = lib
        self._pointer = ctypes.c_void_p()
        error = CError()
        with guard:
            code = lib.aiodbg_snapshot_create_with(
                handle, future, ctypes.byref(error), ctypes.byref(self._pointer)
            )
        _check(code, error)
        # Also without close(), when nobody has it any more.
        self._free = weakref.finalize(self, lib.aiodbg_snapshot_destroy, self._pointer)

    def render(self, format, sink):
        """Write the snapshot as "table", "tree" or "json". Raises Error."""
        guard = _Guard()
        bound = _BoundSink(sink, guard)
        error = CError()
        with guard:
            code = self._lib.aiodbg_render(
                self._open_pointer(),
                format.encode(),
                ctypes.byref(bound.struct),
                ctypes.byref(error),
            )
        _check(code, error)

    def render_graph(self, id, options, sink):
        """Write the call graph of a task or future. Raises Error."""
        guard = _Guard()
        bound = _BoundSink(sink, guard)
        error = CError()
        with guard:
            code = self._lib.aiodbg_render_graph(
                self._open_pointer(),
                id,
                ctypes.byref(options),
                ctypes.byref(bound.struct),
                ctypes.byref(error),
            )
        _check(code, error)

    def describe(self):
        return self._filled(self._lib.aiodbg_snapshot_describe, CSnapshotInfo)

    def task(self, index):
        return self._filled(self._lib.aiodbg_snapshot_task, CTaskInfo, index)

    def frame(self, task, index):
        return self._filled(self._lib.aiodbg_snapshot_frame, CFrameInfo, task, index)

    def awaiter(self, task, index):
        return self._filled(self._lib.aiodbg_snapshot_awaiter, CEdgeInfo, task, index)

    def awaited(self, task, index):
        return self._filled(self._lib.aiodbg_snapshot_awaited, CEdgeInfo, task, index)

    def thread(self, index):
        return self._filled(self._lib.aiodbg_snapshot_thread, CThreadInfo, index)

    def cycle(self, index):
        return self._filled(self._lib.aiodbg_snapshot_cycle, CCycleInfo, index)

    def graph_node(self, id, options, is_root):
        function = self._lib.aiodbg_graph_node
        return self._filled(function, CGraphNode, id, ctypes.byref(options), is_root)

    def graph_task(self, id):
        return self._filled(self._lib.aiodbg_graph_task, CTaskInfo, id)

    def graph_link(self, id, index):
        return self._filled(self._lib.aiodbg_graph_link, CGraphLink, id, index)

    def cycle_task(self, cycle, index):
        number = ctypes.c_size_t()
        code = self._lib.aiodbg_snapshot_cycle_task(
            self._open_pointer(), cycle, index, ctypes.byref(number)
        )
        if code != Status.OK:
            raise IndexError(index)
        return number.value

    def find(self, text):
        """The number of the task of that id ("0x...") or name. Raises Error."""
        error = CError()
        number = ctypes.c_size_t()
        text = text.encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
        code = self._lib.aiodbg_snapshot_find(
            self._open_pointer(), text, ctypes.byref(error), ctypes.byref(number)
        )
        _check(code, error)
        return number.value

    def complete(self, word, unicode):
        """Texts for find() that begin with word: ids if it begins with "0", else names.

        An empty one says that many tasks were looked at in vain.
        """
        buffer = ctypes.create_string_buffer(1024)
        number = ctypes.c_size_t(0)
        while True:
            code = self._lib.aiodbg_snapshot_complete(
                self._open_pointer(),
                _bytes_of(word),
                unicode,
                ctypes.byref(number),
                buffer,
                ctypes.sizeof(buffer),
            )
            if code != Status.OK:
                return
            yield buffer.value.decode()

    def _filled(self, function, struct, *numbers):
        info = struct(size=ctypes.sizeof(struct))
        if function(self._open_pointer(), *numbers, ctypes.byref(info)) != Status.OK:
            raise IndexError(numbers)
        return info

    def _open_pointer(self):
        if not self._free.alive:
            raise ValueError("the snapshot is closed")
        return self._pointer

    def close(self):
        """Free it. More than once is harmless."""
        self._free()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def graph_options(depth, limit):
    """struct aiodbg_graph_options, of parameters as asyncio.graph has them."""
    size = ctypes.sizeof(CGraphOptions)
    most = (1 << 31) - 1
    if limit is not None:
        limit = max(-most, min(limit, most))
    return CGraphOptions(size, max(0, min(depth, most)), limit or 0, limit is not None)


def text_of(data):
    """A string of the target's, as Python had it there: see "What is in a snapshot" in aiodbg.h."""
    if data is None:
        return None
    if b"\xc0\x80" in data:
        data = data.replace(b"\xc0\x80", b"\0")
    return data.decode("utf-8", "surrogatepass")


def _command(entry):
    return Command(*(getattr(entry, name).decode() for name, _ in CCommand._fields_))


def _check(code, error):
    if code == Status.OK:
        return
    message = error.message.decode("utf-8", "backslashreplace")
    address = error.address if error.has_address else None
    raise Error(message or "status %d without a message" % code, code, address)


# --- What the front-ends share ------------------------------------------------------------------


def run_line(library, line, select, sink):
    """Run a command line, without the word asyncio. Raises Error, or KeyboardInterrupt.

    select() gives the target or raises NoTarget, which matters only to commands that need one:
    --help does not.
    """
    target, reason = None, None
    try:
        target = select()
    except NoTarget as error:
        reason = str(error)
    try:
        library.run_command(target, split_line(line), sink)
    except Error as error:
        if error.status == Status.INTERRUPTED:
            raise KeyboardInterrupt from None
        # An incomplete answer is given on. Not so after an interruption.
        sink.close()
        if target is None and error.status == Status.INVALID:
            raise Error(reason, error.status) from None
        raise
    except Exception:
        sink.close()
        raise
    sink.close()


def split_line(line):
    """The words of a command line, as a shell splits them. Raises Error."""
    try:
        return shlex.split(line)
    except ValueError as error:
        # shlex says "No closing quotation" and "No escaped character".
        raise Error(str(error).lower(), Status.USAGE) from None


def usage_line(command):
    """What to type, with all options."""
    return " ".join(("asyncio", command.name, command.usage)).strip()


def charset_name(name):
    """Python's name for a charset, "ascii" if Python does not know it."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "ascii"


def displayable(text, charset):
    """Text with what the charset does not have escaped."""
    if text.isascii():
        return text
    return text.encode(charset, "backslashreplace").decode(charset)


# --- Finding the library -----------------------------------------------------------------------

_FILE_NAME = re.compile(r"libaiodbg(\.\d+)*\.(so(\.\d+)*|dylib)$")


def load_library():
    """The first usable libaiodbg. Raises LibraryError."""
    failures = []
    for path in _candidates():
        try:
            return Library(path)
        except (OSError, LibraryError) as error:
            failures.append(_failure(path, error))
    raise LibraryError(
        "no usable libaiodbg: tried %s; build it with `meson setup build && "
        "meson compile -C build`, or set AIODBG_LIBRARY" % ", ".join(failures)
    )


def _candidates():
    """Paths to try, best first."""
    chosen = os.environ.get("AIODBG_LIBRARY")
    if not chosen:
        return itertools.chain.from_iterable(map(_files_in, _folders()))
    # Nothing else then: who names a library wants that one.
    path = os.path.abspath(os.path.expanduser(chosen))
    return _files_in(path) if os.path.isdir(path) else [path]


def _folders():
    # The folder that has this package: core/python/ in a checkout.
    here = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    above = os.path.dirname(here)
    folders = [os.path.join(os.path.dirname(above), "build", "core"), here]
    if os.path.basename(above) == "share":
        prefix = os.path.dirname(above)
        folders += sorted(glob.glob(os.path.join(prefix, "lib", "*-*")))
        folders += [os.path.join(prefix, "lib64"), os.path.join(prefix, "lib")]
    return folders


def _files_in(folder):
    """The library files there, links to each other once, or the one that should be."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if _FILE_NAME.match(name)]
    files = {os.path.realpath(path): path for path in reversed(paths) if os.path.isfile(path)}
    return sorted(files.values()) or [os.path.join(folder, "libaiodbg.so")]


def _failure(path, error):
    if not os.path.isfile(path):
        return path
    # dlopen's message begins with the path, once more.
    reason = str(error).replace(path + ": ", "")
    return "%s (%s)" % (path, reason.replace("\n", " "))
