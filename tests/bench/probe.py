# SPDX-License-Identifier: MIT
"""What decoding costs inside the debugger that runs this, for scripts/bench.

Run by GDB or LLDB with a target loaded. Decodes it several times, and in between reads the
same memory in the same pieces and throws it away: no decoder can be faster than that. Writes
the figures as JSON to $AIODBG_PROBE_RESULT.
"""

import ctypes
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(HERE, name) for name in ("core/python", "gdb", "lldb")]

import aiodbg
from aiodbg.target import BoundTarget, Guard


def probe(target):
    runs = int(os.environ["AIODBG_PROBE_RUNS"])
    result = {"decode": [], "floor": [], "text": {}, "memory": memory(target)}
    pieces = touched(target)
    for _ in range(runs):
        started = time.perf_counter()
        with aiodbg.load_library().open(target) as handle:
            snapshot = handle.snapshot()
            result["decode"].append(time.perf_counter() - started)
            result["stats"] = handle.stats()
        if not result["text"]:
            render(snapshot, result)
        snapshot.close()
        result["floor"].append(floor(target, pieces))
    # What else runs on the machine can only make them longer.
    for name in ("decode", "floor"):
        result[name] = min(result[name])
    with open(os.environ["AIODBG_PROBE_RESULT"], "w", encoding="utf-8") as file:
        json.dump(result, file)


def render(snapshot, result):
    """How long each format takes to make, and how many tasks it shows."""
    for format in ("table", "tree", "json"):
        sink = Counting()
        started = time.perf_counter()
        snapshot.render(format, sink)
        result["text"][format] = time.perf_counter() - started
    result["tasks"] = sink.tasks


class Counting(aiodbg.Sink):
    """Counts the tasks of a document and drops it."""

    def __init__(self):
        super().__init__(emit=None, warn=print)
        self.tasks = 0
        self._rest = b""

    def write(self, data):
        data = self._rest + data
        # Only a task begins a line with it.
        key = b'\n{"id":'
        self.tasks += data.count(key)
        self._rest = data[-len(key) + 1 :]


def touched(target):
    """(address, length) of all that decoding reads."""
    pieces = []
    read, local_pid = target.read, target.local_pid

    def note(address, length):
        pieces.append((address, length))
        return read(address, length)

    target.read, target.local_pid = note, 0
    with aiodbg.load_library().open(target) as handle:
        handle.snapshot().close()
    del target.read
    target.local_pid = local_pid
    return pieces


def floor(target, pieces):
    """Seconds to read the pieces in the way that the library reads them."""
    buffer = ctypes.create_string_buffer(max(length for _, length in pieces))
    address_of_buffer = ctypes.addressof(buffer)
    if target.local_pid:
        return directly(target.local_pid, pieces, buffer)
    read = BoundTarget(target, Guard(), lambda path: None).struct.read
    started = time.perf_counter()
    for address, length in pieces:
        read(None, address, address_of_buffer, length)
    return time.perf_counter() - started


class Iovec(ctypes.Structure):
    """struct iovec"""

    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


def directly(pid, pieces, buffer):
    read = ctypes.CDLL(None).process_vm_readv
    local = Iovec(ctypes.addressof(buffer), 0)
    remote = Iovec(0, 0)
    both = (ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    started = time.perf_counter()
    for address, length in pieces:
        remote.base, remote.len, local.len = address, length, length
        read(pid, *both)
    return time.perf_counter() - started


def memory(target):
    """By how many bytes the process grows. Only the first time: what is freed stays with it."""
    base = forget_peak()
    with aiodbg.load_library().open(target) as handle:
        handle.snapshot().close()
    return peak() - base


def forget_peak():
    """Bytes of memory that this process has now, which is its new peak."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    return peak()


def peak():
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def __lldb_init_module(debugger, _):
    import lldb
    import lldb_target

    process = debugger.GetSelectedTarget().GetProcess()
    context = lldb.SBExecutionContext(process)
    probe(lldb_target.selected_target(context, lambda: False))


if __name__ == "__main__":
    import gdb_target

    probe(gdb_target.selected_target())
