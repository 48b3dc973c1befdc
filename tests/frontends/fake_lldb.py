# SPDX-License-Identifier: MIT
"""As much of LLDB's Python module as the front-end uses, as strict as LLDB is.

A test makes a process and runs commands on it; it looks at the result. Each test gets a module
without a past.
"""

import shlex
import sys

eStateInvalid, eStateUnloaded, eStateConnected = 0, 1, 2
eStateStopped, eStateRunning, eStateStepping, eStateCrashed = 5, 6, 7, 8
eStateDetached, eStateExited, eStateSuspended = 9, 10, 11
eByteOrderBig, eByteOrderLittle = 1, 4
eArgTypeName = 50
ePermissionsWritable, ePermissionsReadable = 1, 2
LLDB_INVALID_ADDRESS = LLDB_INVALID_PROCESS_ID = (1 << 64) - 1


# --- Commands --------------------------------------------------------------------------------


class SBCommandReturnObject:
    def __init__(self):
        self.output = ""
        self.errors = ""
        self.failed = False
        self.prints = 0

    def Succeeded(self):
        return not self.failed

    def GetError(self):
        return self.errors

    def GetOutput(self):
        return self.output

    def Print(self, text):
        # SWIG converts to UTF-8, and knows no lone surrogates; C ends at a NUL.
        text.encode()
        self.prints += 1
        self.output += text.split("\0")[0]

    def AppendWarning(self, line):
        line.encode()
        self.errors += "warning: %s\n" % line

    def SetError(self, message):
        message.encode()
        self.errors += "error: %s\n" % message
        self.failed = True


class SBStructuredData:
    """A list of strings, or one of them."""

    def __init__(self, value):
        self._value = value

    def GetSize(self):
        return len(self._value)

    def GetItemAtIndex(self, index):
        return SBStructuredData(self._value[index])

    def GetStringValue(self, size):
        assert len(self._value.encode()) < size
        return self._value


class SBDebugger:
    """Keeps what was registered, by name: an object of a class, or the help of a container."""

    version = "19.1.7"

    def __init__(self):
        self.commands = {}
        # Those that LLDB splits the line for.
        self.parsed = set()
        self.interrupted = False
        self.process = SBProcess(eStateInvalid)
        self.written = b""
        self.write_fails = False
        self.write_stands_still = False

    def IsValid(self):
        return True

    @staticmethod
    def GetVersionString():
        return "lldb version %s\n  clang revision 1" % SBDebugger.version

    def GetSelectedTarget(self):
        return self

    def GetProcess(self):
        return self.process

    def GetCommandInterpreter(self):
        return self

    def WasInterrupted(self):
        return self.interrupted

    def IsActive(self):
        return True

    def GetOutputFile(self):
        return self

    def Write(self, data):
        # Not always all of it.
        written = b"" if self.write_stands_still else data[: 1 << 15]
        self.written += written
        error = SBError()
        error.success = not self.write_fails
        return error, len(written)

    def HandleCommand(self, line, result):
        # What is between backticks is evaluated, within quotes as well.
        assert "`" not in line
        words = shlex.split(line)
        assert words.pop(0) == "command"
        kind, verb = words.pop(0), words.pop(0)
        options = {}
        while words[0].startswith("-"):
            option = words.pop(0)
            options[option.lstrip("-")] = True if option == "-p" else words.pop(0)
        try:
            getattr(self, "%s_%s" % (kind, verb))(" ".join(words), **options)
        except KeyError as error:
            result.SetError(str(error))

    def container_add(self, name, h, H):
        if name in self.commands:
            raise KeyError("exists")
        self.commands[name] = (h, H)

    def script_add(self, name, c, p=False):
        above = name.rpartition(" ")[0]
        if name in self.commands or (above and above not in self.commands):
            raise KeyError(name)
        module, *attributes = c.split(".")
        found = sys.modules[module]
        for attribute in attributes:
            found = getattr(found, attribute)
        self.commands[name] = found(self, {})
        if p:
            # With options LLDB would split the line by its own rules.
            assert self.commands[name].get_options_definition() == {}
            assert self.commands[name].get_args_definition()
            self.parsed.add(name)

    def script_delete(self, name):
        self._delete(name, container=False)

    def container_delete(self, name):
        self._delete(name, container=True)

    def _delete(self, name, container):
        if isinstance(self.commands[name], tuple) != container:
            raise KeyError("is of the other kind")
        self.commands = {
            key: value
            for key, value in self.commands.items()
            if key != name and not key.startswith(name + " ")
        }

    def run(self, line, process=None):
        """What LLDB does with a line: the longest name is the command. Returns the result."""
        result = SBCommandReturnObject()
        words = line.split(" ")
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count])
            if name in self.commands:
                context = SBExecutionContext(process or SBProcess(eStateInvalid))
                rest = " ".join(words[count:])
                if name in self.parsed:
                    rest = SBStructuredData(shlex.split(rest))
                # An exception would end as a success.
                self.commands[name](self, rest, context, result)
                return result
        raise KeyError(line)


class SBExecutionContext:
    """Of a process, or of a thread and its process."""

    def __init__(self, of):
        self._process = of.process if isinstance(of, SBThread) else of

    def GetProcess(self):
        return self._process

    def GetThread(self):
        return self._process.GetSelectedThread()


class SBThread:
    def __init__(self, tid, process=None):
        self.tid = tid
        self.process = process

    def IsValid(self):
        return self.tid is not None

    def GetThreadID(self):
        return self.tid


# --- Processes -------------------------------------------------------------------------------


class SBError:
    def __init__(self):
        self.success = True

    def Success(self):
        return self.success

    def Fail(self):
        return not self.success

    def GetCString(self):
        return "ferror"


class SBProcess:
    def __init__(self, state=eStateStopped, plugin="gdb-remote", pid=4242, memory=None, modules=()):
        self.state = state
        self.plugin = plugin
        self.pid = pid
        self.memory = memory or {}
        self.modules = list(modules)
        self.regions = []
        self.selected = None
        self.source_map = []
        # Of the platform; None if it has none.
        self.sysroot = None
        self.word_size = 8
        self.byte_order = eByteOrderLittle

    def IsValid(self):
        return self.state != eStateInvalid

    def GetSelectedThread(self):
        return SBThread(self.selected, self)

    def GetUniqueID(self):
        return 1

    def GetStopID(self):
        return 2

    def GetState(self):
        return self.state

    def GetPluginName(self):
        return self.plugin

    def GetProcessID(self):
        return self.pid

    def GetAddressByteSize(self):
        return self.word_size

    def GetByteOrder(self):
        return self.byte_order

    def GetTarget(self):
        return SBTarget(self)

    def ReadMemory(self, address, length, error):
        # As LLDB does it: less than asked for is a success, too.
        for start, data in self.memory.items():
            if start <= address < start + len(data):
                return bytes(data[address - start : address - start + length])
        error.success = False
        return None

    def GetMemoryRegions(self):
        return self

    def GetMemoryRegionInfo(self, address, region):
        # As LLDB does it: what is not mapped is a region, too.
        for values in self.regions:
            if values[0] <= address < values[1]:
                region.values = values
        return SBError()

    def GetSize(self):
        return len(self.regions)

    def GetMemoryRegionAtIndex(self, index, region):
        region.values = self.regions[index]
        return True


class SBMemoryRegionInfo:
    values = (0, 0, "")

    def IsMapped(self):
        return self.values[1] != 0

    def GetName(self):
        return self.values[3] if len(self.values) > 3 else None

    def GetRegionBase(self):
        return self.values[0]

    def GetRegionEnd(self):
        return self.values[1]

    def IsReadable(self):
        return "r" in self.values[2]

    def IsWritable(self):
        return "w" in self.values[2]


class SBTarget:
    def __init__(self, process):
        self.process = process

    def module_iter(self):
        return iter(self.process.modules)

    def GetExecutable(self):
        """The file of the first module, as a specification."""
        return self.process.modules[0].GetFileSpec()

    def GetDebugger(self):
        return self

    def GetInstanceName(self):
        return "debugger_1"

    def GetInternalVariableValue(self, name, instance):
        assert (name, instance) == ("target.source-map", "debugger_1")
        return SBStringList(self.process.source_map)

    def GetCommandInterpreter(self):
        return self

    def HandleCommand(self, line, result):
        assert line == "platform status"
        sysroot = self.process.sysroot
        result.Print("  Platform: remote-linux\n")
        result.Print(" Connected: no\n" + ("   Sysroot: %s\n" % sysroot if sysroot else ""))


class SBStringList:
    def __init__(self, texts):
        self.texts = texts

    def GetSize(self):
        return len(self.texts)

    def GetStringAtIndex(self, index):
        return self.texts[index]


class Address:
    """A place in a module, loaded or not."""

    def __init__(self, address):
        self.address = address

    def GetLoadAddress(self, target):
        return self.address


class SBAddress:
    def __init__(self, address, target):
        self.place = (SBModule(), SBSection())
        for module in target.process.modules:
            for section in module.sections:
                if section.address <= address < section.address + section.size:
                    self.place = (module, section)

    def GetModule(self):
        return self.place[0]

    def GetSection(self):
        return self.place[1]


class SBSection:
    """Without arguments it is not valid."""

    def __init__(self, name="", address=LLDB_INVALID_ADDRESS, size=0, **others):
        self.name = name
        self.address = self.file_address = address
        self.size = size
        self.offset = others.get("offset", 0)
        self.flags = others.get("flags", "r")
        self.parent = others.get("parent")

    def IsValid(self):
        return bool(self.name)

    def GetParent(self):
        return self.parent or SBSection()

    def GetLoadAddress(self, target):
        return self.address

    def GetFileAddress(self):
        return self.file_address

    def GetByteSize(self):
        return self.size

    GetFileByteSize = GetByteSize

    def GetFileOffset(self):
        return self.offset

    def GetPermissions(self):
        writable = ePermissionsWritable if "w" in self.flags else 0
        return ePermissionsReadable | writable


class SBModule:
    """A module of a file, or of none."""

    def __init__(self, fullpath=None, header=LLDB_INVALID_ADDRESS, sections=(), symbols=()):
        self.fullpath = fullpath
        self.header = header
        self.sections = list(sections)
        self.symbols = dict(symbols)

    def GetFileSpec(self):
        return self

    def GetObjectFileHeaderAddress(self):
        return Address(self.header)

    def FindSection(self, name):
        for section in self.sections:
            if section.name == name:
                return section
        return SBSection()

    def FindSymbols(self, name):
        return [Symbol(address) for address in self.symbols.get(name, ())]


class Symbol:
    """A symbol's context as well."""

    def __init__(self, address):
        self.address = address

    def GetSymbol(self):
        return self

    def GetStartAddress(self):
        return Address(self.address)
