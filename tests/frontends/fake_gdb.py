# SPDX-License-Identifier: MIT
"""As much of GDB's Python module as the front-end uses, as strict as GDB is.

A test sets the inferior, what CLI commands print, and the host charset; it looks at what was
registered and printed. Each test gets a module without a past.
"""

VERSION = "13.1"
COMMAND_DATA = 1
COMPLETE_FILENAME = 1
PARAM_BOOLEAN, PARAM_ENUM, PARAM_STRING_NOESCAPE = range(3)
STDERR = 1
TYPE_CODE_PTR, TYPE_CODE_ARRAY, TYPE_CODE_INT, TYPE_CODE_VOID = 1, 2, 8, 9

# Set by tests. What execute() answers; other commands fail, as undefined ones do.
cli_output = {}
charset = "UTF-8"
inferior = None
selected = None
files = []
parameters = {"sysroot": "target:", "directories": "$cdir:$cwd", "width": None}

# Looked at by tests.
registered = {}
settings = {}
functions = {}
executed = []
written = ["", ""]
calls_of_write = 0


class error(RuntimeError):
    pass


class MemoryError(error):
    pass


class GdbError(Exception):
    pass


class Command:
    def __init__(self, name, command_class, prefix=False):
        self.doc = self.__doc__
        self.prefix = prefix
        self.repeats = True
        registered[name] = self

    def dont_repeat(self):
        self.repeats = False


class Parameter:
    def __init__(self, name, command_class, kind, choices=None):
        self.kind, self.choices = kind, choices
        settings[name] = self

    def change(self, value):
        """As `set NAME VALUE` does; returns what it prints."""
        self.value = value
        return self.get_set_string()


class Function:
    def __init__(self, name):
        self.doc = self.__doc__
        functions[name] = self


def call(name, *arguments):
    """Evaluate $name (...): arguments are text, numbers, or what such a call returned."""
    values = [each if isinstance(each, Value) else Value(each) for each in arguments]
    return functions[name].invoke(*values)


def command(line):
    """Run a line as GDB would: the longest registered name is the command."""
    words = line.split(" ")
    for count in range(len(words), 0, -1):
        found = registered.get(" ".join(words[:count]))
        if found is not None:
            return found.invoke(" ".join(words[count:]), False)
    raise error("Undefined command")


def write(text, stream=0):
    global calls_of_write
    calls_of_write += 1
    if charset != "nonsense":
        text.encode(charset)
    written[stream] += text


def execute(line, from_tty=False, to_string=False):
    executed.append(line)
    if line not in cli_output:
        raise error('Undefined command: "%s"' % line)
    if to_string:
        return cli_output[line]
    write(cli_output[line])


def host_charset():
    return charset


def selected_inferior():
    return inferior if inferior is not None else Inferior(pid=0)


def selected_thread():
    return selected


def parameter(name):
    return parameters[name]


def objfiles():
    return files


class Event:
    def __init__(self):
        self.handlers = []

    def connect(self, handler):
        self.handlers.append(handler)

    def disconnect(self, handler):
        self.handlers.remove(handler)

    def fire(self, *arguments):
        for handler in list(self.handlers):
            handler(*arguments)


class events:
    """GDB 13 has fewer than newer ones."""

    before_prompt, stop, cont, exited = Event(), Event(), Event(), Event()
    new_objfile, memory_changed = Event(), Event()


class Connection:
    def __init__(self, type):
        self.type = type


class Thread:
    def __init__(self, running=False, ptid=(4242, 4242, 0)):
        self.running = running
        self.ptid = ptid

    def is_running(self):
        return self.running


class Inferior:
    def __init__(self, pid=4242, connection="native", threads=(False,), memory=None, bits=64):
        self.num = 1
        self.pid = pid
        self.connection = Connection(connection) if connection else None
        self.memory = memory or {}
        self._threads = [Thread(running) for running in threads]
        self._bits = bits
        self.little = True

    def is_valid(self):
        return True

    def threads(self):
        return self._threads

    def architecture(self):
        return Architecture(self)

    def read_memory(self, address, length):
        for start, data in self.memory.items():
            if start <= address and address + length <= start + len(data):
                # GDB's own memoryviews have the format "c".
                part = bytearray(data[address - start : address - start + length])
                return memoryview(part).cast("c")
        raise MemoryError("Cannot access memory at address %#x" % address)


class Architecture:
    def __init__(self, inferior):
        self.inferior = inferior

    def integer_type(self, bits, signed=True):
        return Type(self.inferior, bits // 8)


class Type:
    def __init__(self, inferior, sizeof, code=TYPE_CODE_INT, target=None):
        self.inferior = inferior
        self.sizeof = sizeof
        self.code = code
        self._target = target

    def pointer(self):
        bits = self.inferior._bits if self.inferior else 64
        return Type(self.inferior, bits // 8, TYPE_CODE_PTR, self)

    def target(self):
        return self._target

    def strip_typedefs(self):
        return self


def lookup_type(name):
    if name not in types:
        raise error("No type named %s." % name)
    return types[name]


types = {"void": Type(None, 1, TYPE_CODE_VOID)}


class Value:
    """A number or text of the user's, or of bytes."""

    def __init__(self, data, type=None):
        self.address = None
        self.data = data
        code = TYPE_CODE_ARRAY if isinstance(data, str) else TYPE_CODE_INT
        self.type = type or Type(None, 8, code)
        if isinstance(data, bytes):
            order = "little" if type.inferior.little else "big"
            self.data = int.from_bytes(data[: type.sizeof], order)

    def __int__(self):
        return self.data

    def cast(self, type):
        return Value(self.data, type)

    def string(self, encoding="", errors="strict"):
        if not isinstance(self.data, str):
            raise error("Trying to read string with inappropriate type `%s'." % self.type)
        return self.data


class Objfile:
    """A file with debug info for the given symbols."""

    def __init__(self, symbols):
        self.symbols = symbols

    def lookup_global_symbol(self, name):
        return Symbol(self.symbols[name]) if name in self.symbols else None


class Symbol:
    def __init__(self, address):
        self._address = address

    def value(self):
        if self._address is None:
            raise error('Missing ELF symbol "x".')
        value = object.__new__(Value)
        value.address = self._address
        return value
