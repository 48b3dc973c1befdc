"""GDB in batch mode, with our commands loaded."""

import os
import re
import subprocess

from place import CHECKOUT, Absent

SCRIPT = os.path.join(CHECKOUT, "gdb", "aiodbg_gdb.py")
SECONDS = 120

# How lines begin that GDB prints as errors, and that are none: the last two follow a warning.
WARNINGS = ("warning: ", 'Use the "info sharedlibrary" command', 'Do you need "set solib-search-')


class Result:
    def __init__(self, status, output, errors):
        self.status = status
        self.output = output
        self.errors = errors

    def error_lines(self):
        """What GDB printed as errors, without its warnings of missing files and the like."""
        lines = [line for line in self.errors.splitlines() if line.strip()]
        return [line for line in lines if not line.startswith(WARNINGS)]


def gdb(arguments, environment=(), prefix=(), script=SCRIPT, command="gdb"):
    """Run GDB. The exit status is that of the last command, so long as it is a batch."""
    words = list(prefix) + [command, "-batch", "-nx", "-x", script] + list(arguments)
    variables = dict(os.environ, LC_ALL="C.UTF-8")
    variables.update(environment)
    try:
        done = subprocess.run(
            words,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
        )
    except FileNotFoundError:
        raise Absent("no %s on this machine" % command) from None
    return Result(done.returncode, decoded(done.stdout), decoded(done.stderr))


def decoded(text):
    return text.decode("utf-8", "surrogateescape")


def without_symbols(place, command):
    """Options by which GDB finds the files of the place, and none with debug information."""
    return [
        # What is in the files themselves.
        "-readnever",
        "-iex",
        "set auto-load python-scripts off",
        "-iex",
        "set sysroot " + (place.path or "/"),
        "-iex",
        "set debug-file-directory /nonexistent",
        place.path + command,
    ]


# Options by which GDB finds neither the executable nor a library.
WITHOUT_FILES = [
    "-iex",
    "set sysroot /nonexistent",
    "-iex",
    "set debug-file-directory /nonexistent",
]


def version(prefix=(), command="gdb"):
    """"GDB 13", for the table of what works."""
    output = subprocess.run(list(prefix) + [command, "--version"], stdout=subprocess.PIPE).stdout
    return "GDB " + re.search(rb"\) (\d+)", output).group(1).decode()


def each(commands):
    return [word for command in commands for word in ("-ex", command)]
