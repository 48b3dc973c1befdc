"""LLDB in batch mode, with our commands loaded."""

import glob
import os
import re
import subprocess

import debugger
from interpreter import OWN
from place import CHECKOUT

SECONDS = 120


class Lldb:
    """An LLDB. Its home is the place where it runs: this machine, or the root folder."""

    def __init__(self, command, home, root):
        self.command = command
        self.home = home
        self._inside = home is root
        # A Python of its home.
        self.python = "/usr/bin/python3.14" if self._inside else OWN
        parts = "lldb", "aiodbg_lldb.py"
        script = root.inner_checkout(*parts) if self._inside else os.path.join(CHECKOUT, *parts)
        self.load = "command script import " + script
        output = subprocess.run(self._words("--version"), stdout=subprocess.PIPE).stdout
        self.name = "LLDB " + re.search(rb"version (\d+)", output).group(1).decode()

    def reaches(self, place):
        return place is self.home or not self._inside

    def path(self, place, inner):
        """A path in the place as this LLDB sees it."""
        return inner if place is self.home else place.outer(inner)

    def run(self, commands, environment=()):
        """Load the script, then run commands. The status tells if all could be done."""
        words = ["--batch", "--no-lldbinit"]
        for command in [self.load] + commands:
            words += ["-o", command]
        done = subprocess.run(
            self._words(*words, environment=environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
        )
        # LLDB prints each command before its output.
        output = re.sub(r"^\(lldb\) .*\n?", "", debugger.decoded(done.stdout), flags=re.MULTILINE)
        return debugger.Result(done.returncode, output, debugger.decoded(done.stderr))

    def _words(self, *arguments, environment=()):
        variables = {"LC_ALL": "C.UTF-8", **dict(environment)}
        library = os.environ.get("AIODBG_LIBRARY")
        if library:
            seen = self.home.inner_machine(library) if self._inside else library
            variables.setdefault("AIODBG_LIBRARY", seen)
        return self.home.command([self.command, *arguments], environment=variables)


def on_this_machine():
    """Commands, one for each version."""
    found = {}
    for path in sorted(glob.glob("/usr/bin/lldb-[0-9]*")) + ["/usr/bin/lldb"]:
        if re.search(r"/lldb(-\d+)?$", path) and os.path.exists(path):
            found.setdefault(os.path.realpath(path), path)
    return {os.path.basename(path): path for path in sorted(found.values())}


LLDBS = on_this_machine()
# What tests are parametrized with; who is absent skips them.
NAMES = [*(LLDBS or ["lldb"]), "root"]
