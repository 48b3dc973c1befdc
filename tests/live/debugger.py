"""GDB in batch mode, with our commands loaded."""

import os
import subprocess

from root import CHECKOUT, Absent

SCRIPT = os.path.join(CHECKOUT, "gdb", "aiodbg_gdb.py")
SECONDS = 120


class Result:
    def __init__(self, status, output, errors):
        self.status = status
        self.output = output
        self.errors = errors

    def error_lines(self):
        """What GDB printed as errors, without its warnings of missing files and the like."""
        lines = [line for line in self.errors.splitlines() if line.strip()]
        return [line for line in lines if not line.startswith("warning: ")]


def gdb(arguments, environment=(), prefix=(), script=SCRIPT):
    """Run GDB. The exit status is that of the last command, so long as it is a batch."""
    command = list(prefix) + ["gdb", "-batch", "-nx", "-x", script] + list(arguments)
    variables = dict(os.environ, LC_ALL="C.UTF-8")
    variables.update(environment)
    try:
        done = subprocess.run(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
        )
    except FileNotFoundError:
        raise Absent("no gdb on this machine") from None
    return Result(done.returncode, decoded(done.stdout), decoded(done.stderr))


def decoded(text):
    return text.decode("utf-8", "surrogateescape")


def without_symbols(root, python):
    """Options by which GDB finds the files of the root, and none with debug information."""
    return [
        "-iex",
        "set sysroot " + root.path,
        "-iex",
        "set debug-file-directory /nonexistent",
        root.path + "/usr/bin/python" + python,
    ]


def each(commands):
    return [word for command in commands for word in ("-ex", command)]
