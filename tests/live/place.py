"""Where programs run: a place has interpreters, the programs, and a folder for what comes of them.

One place is this machine itself; the other is a root folder (root.py). Paths that the programs see
are called inner.
"""

import os
import shutil
import tempfile

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(CHECKOUT, "tests", "programs")
PTRACE_SCOPE = "/proc/sys/kernel/yama/ptrace_scope"


class Absent(Exception):
    """This machine lacks something that a test needs; the message says what."""


class Place:
    """A place whose inner paths begin with path. What it makes is gone after close()."""

    def __init__(self, path):
        self.path = path
        self._folder = tempfile.mkdtemp(prefix="aiodbg-live-", dir=path + "/tmp")
        os.chmod(self._folder, 0o755)
        self.inner_folder = self._folder[len(path) :]
        shutil.copytree(
            PROGRAMS, self._folder + "/programs", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(os.path.join(os.path.dirname(__file__), "cpython_view.py"), self._folder)

    def close(self):
        shutil.rmtree(self._folder)

    def folder(self, name):
        """Make a folder; returns its inner path."""
        os.mkdir(self._folder + "/" + name)
        return self.inner_folder + "/" + name

    def inner_program(self, name):
        return "%s/programs/%s.py" % (self.inner_folder, name)

    def outer(self, inner):
        return self.path + inner

    def command(self, arguments, folder="/", environment=()):
        """The command line that runs arguments here, in an environment of its own."""
        variables = dict(environment, PATH="/usr/bin:/bin", HOME="/root", LANG="C.UTF-8")
        clean = ["env", "-i", "-C", folder] + ["%s=%s" % pair for pair in variables.items()]
        return clean + arguments


class Host(Place):
    """This machine."""

    def __init__(self):
        if os.geteuid() != 0 and ptrace_scope() != 0:
            raise Absent("only root may debug other processes here (kernel.yama.ptrace_scope)")
        super().__init__("")

    def command(self, arguments, folder="/", environment=()):
        enter = ["setpriv", "--pdeathsig", "KILL"]
        return enter + super().command(arguments, folder, environment)


def ptrace_scope():
    try:
        with open(PTRACE_SCOPE) as file:
            return int(file.read())
    except OSError:
        return 0
