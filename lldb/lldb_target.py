# SPDX-License-Identifier: MIT
"""LLDB as a target of libaiodbg: the process of a command's context, live or a core file.

Works with LLDB 14 and newer. Whether a read succeeded is judged by the data and its length as
well: for partly readable memory LLDB returns less, and says nothing.
"""

import os
import platform
import re

import aiodbg
import lldb
from aiodbg.build_id import OtherFile, build_id, file_head, is_elf, is_other

_NO_TARGET = (
    "no process and no core: use `process attach --pid PID`, or `target create --core FILE`"
)
_RUNNING = "the process is running: stop it first, with Ctrl-C or `process interrupt`"

# "[0] "/build" -> "/usr/src""
_SUBSTITUTION = re.compile(r'"(.*)" -> "(.*)"')

_SYSROOT = re.compile(r"^ *Sysroot: (.+)$", re.MULTILINE)

_STOPPED = (lldb.eStateStopped, lldb.eStateCrashed, lldb.eStateSuspended)
_IN_MOTION = (lldb.eStateRunning, lldb.eStateStepping)

# A part of every page size. What a file has behind the end of a segment is in memory up to the
# end of the page.
_PAGE = 4096


def selected_target(exe_ctx, interrupted):
    """The process of a command's context as a target. Raises aiodbg.NoTarget if there is none.

    interrupted() is true if the user asked to stop.
    """
    process = exe_ctx.GetProcess()
    state = process.GetState() if process.IsValid() else lldb.eStateInvalid
    if state in _IN_MOTION:
        raise aiodbg.NoTarget(_RUNNING)
    if state not in _STOPPED:
        raise aiodbg.NoTarget(_NO_TARGET)
    return LldbTarget(process, exe_ctx.GetThread(), interrupted)


class LldbTarget(aiodbg.Target):
    """One process, as long as it stays stopped."""

    def __init__(self, process, thread, interrupted):
        self.interrupted = interrupted
        self._process = process
        self._target = process.GetTarget()
        # For each module: can its file be trusted?
        self._same_file = {}
        self.word_size = process.GetAddressByteSize()
        self.byte_order = _byte_order(process)
        self.kind = _kind(process)
        self.pid = _pid(process)
        self.tid = _tid(thread)
        self.giving_files = (
            "`platform select --sysroot FOLDER remote-linux`, then "
            "`target create EXECUTABLE --core CORE`"
        )
        self.debugger = "%s with Python %s" % (_version(), platform.python_version())
        if self.kind == aiodbg.TargetKind.TARGET_PROCESS and _is_traced_by_child(self.pid):
            self.local_pid = self.pid

    def read(self, address, length):
        data = self._read_process(address, length)
        if data is None and self.kind == aiodbg.TargetKind.TARGET_CORE:
            data = self._read_file(address, length)
        if data is None:
            raise aiodbg.MemoryFault()
        return data

    def _read_process(self, address, length):
        error = lldb.SBError()
        data = self._process.ReadMemory(address, length, error)
        if error.Success() and data is not None and len(data) == length:
            return data
        return None

    def _read_file(self, address, length):
        """What a core lacks because it was mapped from a file and never written to, or None."""
        place = lldb.SBAddress(address, self._target)
        segment = place.GetSection()
        while segment.GetParent().IsValid():
            segment = segment.GetParent()
        if not segment.IsValid() or segment.GetPermissions() & lldb.ePermissionsWritable:
            return None
        start = segment.GetLoadAddress(self._target)
        end = start + segment.GetFileByteSize()
        if address + length > end + -end % _PAGE or not self._is_file_of(place.GetModule()):
            return None
        offset = segment.GetFileOffset() + address - start
        return _file_bytes(place.GetModule(), offset, length)

    def symbols(self, name):
        # A module that uses the symbol of another has an entry without an address. LLDB 14 may
        # list a module twice.
        seen = {lldb.LLDB_INVALID_ADDRESS}
        for module in self._target.module_iter():
            for context in module.FindSymbols(name):
                address = context.GetSymbol().GetStartAddress().GetLoadAddress(self._target)
                if address not in seen and self._is_file_of(module):
                    seen.add(address)
                    yield address

    def sections(self, name):
        seen = {lldb.LLDB_INVALID_ADDRESS}
        for module in self._target.module_iter():
            section = module.FindSection(name)
            address = section.GetLoadAddress(self._target)
            if address not in seen and self._is_file_of(module):
                seen.add(address)
                yield address, section.GetByteSize()

    def source_files(self, path):
        # As `source list` finds files, and before that in the process's own root folder.
        if self.local_pid:
            yield "/proc/%d/root%s" % (self.local_pid, path)
        debugger = self._target.GetDebugger()
        rules = debugger.GetInternalVariableValue("target.source-map", debugger.GetInstanceName())
        for index in range(rules.GetSize()):
            match = _SUBSTITUTION.search(rules.GetStringAtIndex(index))
            if match and path.startswith(match.group(1).rstrip("/") + "/"):
                yield match.group(2) + path[len(match.group(1).rstrip("/")) :]
        sysroot = _sysroot(debugger)
        if sysroot:
            yield sysroot + path
        yield path

    def mapping(self, address):
        region = lldb.SBMemoryRegionInfo()
        found = self._process.GetMemoryRegionInfo(address, region)
        if not found.Success() or not region.IsMapped():
            return None
        module = lldb.SBAddress(address, self._target).GetModule()
        path = region.GetName() or module.GetFileSpec().fullpath or ""
        # A core's region does not tell if the core has it.
        core = self.kind == aiodbg.TargetKind.TARGET_CORE
        has_contents = None if core else region.IsReadable()
        return aiodbg.Mapping(region.GetRegionBase(), region.GetRegionEnd(), has_contents, path)

    def regions(self):
        regions = self._process.GetMemoryRegions()
        region = lldb.SBMemoryRegionInfo()
        for index in range(regions.GetSize()):
            if regions.GetMemoryRegionAtIndex(index, region) and region.IsReadable():
                start, end = region.GetRegionBase(), region.GetRegionEnd()
                yield aiodbg.Region(start, end, region.IsWritable())

    def core_file(self):
        # Older ones do not tell.
        if self.kind != aiodbg.TargetKind.TARGET_CORE or not hasattr(self._process, "GetCoreFile"):
            return None
        return self._process.GetCoreFile().fullpath

    def other_files(self):
        found = []
        for module in self._target.module_iter():
            if self._is_file_of(module):
                continue
            path = module.GetFileSpec().fullpath
            mapped = build_id(self._mapped_head(module) or b"")
            is_program = self._is_executable(module) or "libpython" in path
            found.append(OtherFile(path, mapped, build_id(file_head(path)), is_program))
        return sorted(found, key=lambda other: not other.is_program)

    def _is_file_of(self, module):
        """False if the module's file is another than was mapped.

        It was replaced since, or is this machine's file of the same name. It can't be told where
        the core lacks the first page, unless LLDB has moved the file to where none can be mapped:
        it does so to the executable, by where that is said to begin.
        """
        header = _header(module, self._target)
        if header not in self._same_file:
            mapped = self._read_process(header, _PAGE)
            stored = file_head(module.GetFileSpec().fullpath or "")
            known = mapped is not None and len(stored) == _PAGE
            moved = header % _PAGE != 0 and header != lldb.LLDB_INVALID_ADDRESS
            self._same_file[header] = not (is_other(mapped, stored) if known else moved)
        return self._same_file[header]

    def _is_executable(self, module):
        return module.GetFileSpec().fullpath == self._target.GetExecutable().fullpath

    def _mapped_head(self, module):
        """The first page of what was mapped where the module's file is not; None if not known."""
        places = [_header(module, self._target)]
        if self._is_executable(module):
            segment = _segment(module)
            places.extend([segment.GetFileAddress()] if segment else [])
            # The executable is the first that is mapped.
            places.extend(sorted(region.start for region in self.regions()))
        for address in places:
            mapped = self._read_process(address, _PAGE)
            if mapped is not None and is_elf(mapped):
                return mapped
        return None


def _version():
    """"LLDB 19.1.7", from "lldb version 19.1.7" and more lines."""
    found = re.search(r"version (\S+)", lldb.SBDebugger.GetVersionString())
    return "LLDB " + found.group(1) if found else "LLDB"


def _byte_order(process):
    if process.GetByteOrder() == lldb.eByteOrderBig:
        return aiodbg.ByteOrder.BIG_ENDIAN
    return aiodbg.ByteOrder.LITTLE_ENDIAN


def _kind(process):
    # "elf-core", "mach-o-core", "minidump"; else "gdb-remote", also for local processes.
    if process.GetPluginName().endswith(("-core", "minidump")):
        return aiodbg.TargetKind.TARGET_CORE
    return aiodbg.TargetKind.TARGET_PROCESS


def _pid(process):
    pid = process.GetProcessID()
    return pid if pid != lldb.LLDB_INVALID_PROCESS_ID and pid < 1 << 32 else 0


def _tid(thread):
    tid = thread.GetThreadID() if thread.IsValid() else 0
    return tid if tid < 1 << 32 else 0


def _is_traced_by_child(pid):
    """True if the process of that id on this machine is the one that LLDB works on.

    LLDB traces by means of a server, also here, and does not tell where that is. If the local
    process is traced by a child of ours, it is.
    """
    tracer = _status(pid, "TracerPid")
    return tracer is not None and tracer != 0 and _status(tracer, "PPid") == os.getpid()


def _status(pid, key):
    """A number in /proc/PID/status, or None."""
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8", errors="replace") as file:
            found = re.search(r"^%s:\s*(\d+)$" % key, file.read(), re.MULTILINE)
    except OSError:
        return None
    return int(found.group(1)) if found else None


def _segment(module):
    """What was mapped of a module's file, from its ELF header on; or None."""
    segment = module.FindSection("PT_LOAD[0]")
    return segment if segment.IsValid() and segment.GetFileOffset() == 0 else None


def _header(module, target):
    """Where the ELF header is. Of an executable that is not moved LLDB 19 tells another place."""
    segment = _segment(module)
    if segment is None:
        return module.GetObjectFileHeaderAddress().GetLoadAddress(target)
    return segment.GetLoadAddress(target)


def _file_bytes(module, offset, length):
    """Bytes of the module's file on this machine, or None."""
    try:
        with open(module.GetFileSpec().fullpath or "", "rb") as file:
            file.seek(offset)
            data = file.read(length)
    except OSError:
        return None
    return data if len(data) == length else None


def _sysroot(debugger):
    """That of the selected platform, or None. SBPlatform can set it, but not tell it."""
    result = lldb.SBCommandReturnObject()
    debugger.GetCommandInterpreter().HandleCommand("platform status", result)
    found = _SYSROOT.search(result.GetOutput() or "")
    return found.group(1).rstrip("/") if found else None
