"""The interpreters that programs run under, as found when tests are collected.

Those of the root folder and the machine's own have to be there. Others on the machine, from PATH
and from pyenv, are run as well: with fewer programs, and nobody misses one that is absent.
"""

import glob
import json
import os
import shutil
import subprocess

from place import CHECKOUT

# Of the root folder, by name. Debug builds have nearly the layouts of the others.
RELEASE = ("3.13", "3.14", "3.15")
DEBUG = ("3.13d", "3.14d", "3.15d")

OWN = "/usr/bin/python3"
SECONDS = 20

QUESTION = """
import json, sys, sysconfig
import asyncio
build = "d" if hasattr(sys, "gettotalrefcount") else ""
build += "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
command = getattr(sys, "_base_executable", sys.executable)
print(json.dumps([sys.implementation.name, list(sys.version_info), build, command]))
"""


class Interpreter:
    """An interpreter of a place: "root", or "host" for this machine."""

    def __init__(self, name, command, place, required):
        self.name = name
        self.command = command
        self.place = place
        self.required = required
        self.debug = "d" in name
        self.free_threaded = "t" in name
        self.version = tuple(int(part) for part in name.rstrip("dt").split(".")[:2])

    @property
    def build(self):
        if self.free_threaded:
            return "free-threaded debug" if self.debug else "free-threaded"
        return "debug" if self.debug else "release"


def find():
    """All interpreters, by name, in the order in which the tests run them."""
    found = {
        name: Interpreter(name, "/usr/bin/python" + name, "root", True) for name in RELEASE + DEBUG
    }
    own = ask(OWN)
    if own:
        found[own[0]] = Interpreter(*own, "host", True)
    others = [Interpreter(*answer, "host", False) for answer in map(ask, candidates()) if answer]
    for other in sorted(others, key=lambda one: one.version):
        found.setdefault(other.name, other)
    return found


def candidates():
    """Commands that may be interpreters: on PATH, and what pyenv has installed."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    found = [shutil.which("python" + version) for version in sorted(supported())]
    found += glob.glob(pyenv + "/versions/*/bin/python3")
    # pyenv's own commands on PATH stand for those others.
    return [command for command in found if command and "/shims/" not in command]


def ask(command):
    """(name, path) of an interpreter that can be a target: "3.8.18"; None of any other."""
    try:
        done = subprocess.run(
            [command, "-I", "-c", QUESTION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
        implementation, version, build, path = json.loads(done.stdout.decode())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    short = "%d.%d" % tuple(version[:2])
    if implementation != "cpython" or short + build.replace("d", "") not in supported():
        return None
    return "%s.%d%s" % (short, version[2], build), os.path.realpath(path)


def supported():
    """The versions that have a layout for this machine's pointers: "3.8", "3.14t"."""
    tables = glob.glob(os.path.join(CHECKOUT, "core", "cpython", "layouts", "*.c"))
    assert tables, "no layout tables in core/cpython/layouts"
    names = [os.path.basename(table)[: -len(".c")] for table in tables]
    return {name for name in names if not name.endswith("-32")}


INTERPRETERS = find()
