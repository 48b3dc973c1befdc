# SPDX-License-Identifier: MIT
"""The functions of libaiodbg: run_command(), commands(), complete(), open(), open_process(),
open_core()."""

import collections
import ctypes
import os
import weakref

from .mirror import (
    INTERFACE,
    INTERRUPTED_FN,
    PROTOTYPES,
    CCommand,
    CCycleInfo,
    CEdgeInfo,
    CError,
    CFrameInfo,
    CGraphLink,
    CGraphNode,
    CGraphOptions,
    CLocalInfo,
    COptions,
    CRenderOptions,
    CRequest,
    CSetting,
    CSnapshotInfo,
    CStats,
    CTaskInfo,
    CThreadInfo,
    Show,
    Status,
    WordKind,
)
from .target import BoundSink, BoundTarget, Guard, bytes_of


class Error(Exception):
    """The library's answer is an error: one line of text, its status, and the target address."""

    def __init__(self, message, status, address=None):
        super().__init__(message)
        self.status = status
        self.address = address


class LibraryError(Exception):
    """There is no usable libaiodbg: one line that names the paths tried and how to build."""


Command = collections.namedtuple("Command", "name usage summary help")
Setting = collections.namedtuple("Setting", "name argument summary value")


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
        # As long as the library is loaded: that is what they are kept for.
        self._settings = self._lib.aiodbg_settings_create()

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

    def settings(self):
        """What `asyncio set` changes, as it is now, in the order of `asyncio show`."""
        found = []
        entry = CSetting()
        settings = self._settings
        while not self._lib.aiodbg_settings_describe(settings, len(found), ctypes.byref(entry)):
            found.append(Setting(*(getattr(entry, name).decode() for name in Setting._fields)))
        return found

    def setting(self, name):
        """The value of one."""
        return next(one.value for one in self.settings() if one.name == name)

    def set(self, name, value):
        """Change a setting. Raises Error."""
        error = CError()
        code = self._lib.aiodbg_settings_set(
            self._settings, name.encode(), bytes_of(value), ctypes.byref(error)
        )
        _check(code, error)

    def complete(self, command, words):
        """Completions of the last of words, which are the arguments of the command so far."""
        word = words[-1] if words else ""
        previous = words[-2] if len(words) > 1 else ""
        arguments = [bytes_of(part) for part in (command, previous, word)]
        found = []
        while True:
            item = self._lib.aiodbg_command_complete(*arguments, len(found))
            if item is None:
                return found
            found.append(item.decode())

    def word_kind(self, command, words):
        """The WordKind of the last of words, which are the arguments of the command so far."""
        return WordKind(
            self._lib.aiodbg_command_word(bytes_of(command), len(words), _array_of(words))
        )

    def run_command(self, target, argv, sink):
        """Run one command; argv[0] is its name. target may be None. Raises Error."""
        guard = Guard()
        bound_target = None if target is None else BoundTarget(target, guard, self._core_target)
        bound_sink = BoundSink(sink, guard)
        bound_sink.struct.settings = self._settings
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
        guard = Guard()
        bound = BoundTarget(target, guard, self._core_target)
        options = COptions(ctypes.sizeof(COptions), block_size, cache_size)
        return Handle(self._lib, "aiodbg_open", bound, (bound.struct,), options, guard)

    def open_process(self, pid, retries=3, interrupted=lambda: False):
        """Find the runtime of a process on this machine, which is not stopped.

        interrupted() is asked now and then, and is true if the user wants no more of it. Returns
        a Handle; raises Error.
        """
        return self._open("aiodbg_open_process", (pid,), retries, interrupted)

    def open_core(self, path, sysroot=None, interrupted=lambda: False):
        """Find the runtime in a core, whose machine's files are below the folder sysroot.

        Without sysroot they are those of this machine. interrupted() is as for open_process().
        Returns a Handle; raises Error.
        """
        names = os.fsencode(path), None if sysroot is None else os.fsencode(sysroot)
        return self._open("aiodbg_open_core", names, 0, interrupted)

    def _core_target(self, path):
        try:
            return _CoreTarget(self._lib, path)
        except Error:
            return None

    def _open(self, function, arguments, retries, interrupted):
        guard = Guard()
        callback = INTERRUPTED_FN(lambda _ctx: guard.call(lambda: 1 if interrupted() else 0))
        size = ctypes.sizeof(COptions)
        options = COptions(size=size, retries=retries, interrupted=callback)
        return Handle(self._lib, function, callback, arguments, options, guard)


def _array_of(words):
    """As C has a command line."""
    return (ctypes.c_char_p * (len(words) + 1))(*map(bytes_of, words), None)


class _CoreTarget:
    """A core as the library reads it, beside a debugger that has it open."""

    def __init__(self, lib, path):
        """Raises Error if it is no core that can be read."""
        self._lib = lib
        self._pointer = ctypes.c_void_p()
        error = CError()
        code = lib.aiodbg_core_open(
            os.fsencode(path), None, None, ctypes.byref(error), ctypes.byref(self._pointer)
        )
        _check(code, error)
        self._target = lib.aiodbg_core_target(self._pointer).contents

    def __del__(self):
        self._lib.aiodbg_core_close(self._pointer)

    def find_syscall(self, tid, ret):
        return self._target.find_syscall(self._target.ctx, tid, ret)


class Handle:
    """struct aiodbg: a runtime that was found in a target. Closed by with, or close()."""

    def __init__(self, lib, function, callbacks, arguments, options, guard):
        """function is the one of lib that opens a target, with these arguments before its options;
        callbacks are those of the target."""
        self._lib = lib
        self._guard = guard
        # As long as they may be called.
        self._callbacks = callbacks
        self._pointer = ctypes.c_void_p()
        error = CError()
        with guard:
            code = getattr(lib, function)(
                *arguments,
                ctypes.byref(options),
                ctypes.byref(error),
                ctypes.byref(self._pointer),
            )
        _check(code, error)

    def snapshot(self, future=0, wants=0):
        """Decode all tasks, the task or future at that address, and what wants (Want) says.

        Raises Error.
        """
        return SnapshotHandle(self._lib, self._pointer, self._guard, future, wants)

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

    def __init__(self, lib, handle, guard, future=0, wants=0):
        self._lib = lib
        self._pointer = ctypes.c_void_p()
        subject = b"0x%x" % future if future else None
        request = CRequest(size=ctypes.sizeof(CRequest), wants=wants, subject=subject)
        error = CError()
        with guard:
            code = lib.aiodbg_snapshot_create(
                handle, ctypes.byref(request), ctypes.byref(error), ctypes.byref(self._pointer)
            )
        _check(code, error)
        # Also without close(), when nobody has it any more.
        self._free = weakref.finalize(self, lib.aiodbg_snapshot_destroy, self._pointer)

    def render(self, format, sink):
        """Write the snapshot as "table", "tree" or "json". Raises Error."""
        self._render(format.encode(), None, sink)

    def render_graph(self, id, options, sink):
        """Write the call graph of a task or future. Raises Error."""
        how = CRenderOptions(
            size=ctypes.sizeof(CRenderOptions),
            show=Show.SHOW_GRAPH,
            id=id,
            graph=ctypes.pointer(options),
        )
        self._render(None, ctypes.byref(how), sink)

    def _render(self, format, options, sink):
        guard = Guard()
        bound = BoundSink(sink, guard)
        error = CError()
        with guard:
            code = self._lib.aiodbg_render(
                self._open_pointer(),
                format,
                options,
                ctypes.byref(bound.struct),
                ctypes.byref(error),
            )
        _check(code, error)

    def describe(self):
        return self._filled(self._lib.aiodbg_snapshot_describe, CSnapshotInfo)

    def render_waits(self, sink):
        """Write the JSON of what tasks wait for, loops and verdicts. Raises Error."""
        how = CRenderOptions(size=ctypes.sizeof(CRenderOptions), show=Show.SHOW_WHY)
        self._render(b"json", ctypes.byref(how), sink)

    def local(self, frame, index):
        return self._filled(self._lib.aiodbg_snapshot_local, CLocalInfo, frame, index)

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
                bytes_of(word),
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
    return Command(*(getattr(entry, name).decode() for name in Command._fields))


def _check(code, error):
    if code == Status.OK:
        return
    message = error.message.decode("utf-8", "backslashreplace")
    address = error.address if error.has_address else None
    raise Error(message or "status %d without a message" % code, code, address)
