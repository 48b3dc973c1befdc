"""The root folder of another Debian, in which the programs run: one Python beside the other.

Programs run there under chroot, in a mount namespace of our own: /proc and this checkout are
mounted inside it and are gone with it, whatever happens to us.
"""

import os
import shutil
import subprocess
import tempfile

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(CHECKOUT, "tests", "programs")

MOUNTS = """
mount -t proc proc "$1/proc" &&
mount --bind "$2" "$1$3/checkout" &&
echo mounted &&
exec sleep infinity
"""


class Absent(Exception):
    """This machine lacks something that a test needs; the message says what."""


def find_root():
    """The folder, named by $AIODBG_ROOTS and known to scripts/make-root as "unstable"."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.environ.get("AIODBG_ROOTS") or os.path.join(cache, "aiodbg")
    root = os.path.join(folder, "unstable")
    if not os.path.isdir(root):
        raise Absent("no root folder %s (scripts/make-root makes it)" % root)
    if os.geteuid() != 0:
        raise Absent("chroot needs root's rights")
    return root


class Root:
    """The root folder while it is in use. Paths inside it are called inner."""

    def __init__(self):
        self.path = find_root()
        self._folder = tempfile.mkdtemp(prefix="aiodbg-live-", dir=self.path + "/tmp")
        os.chmod(self._folder, 0o755)
        self.inner_folder = self._folder[len(self.path) :]
        os.mkdir(self._folder + "/checkout")
        shutil.copytree(
            PROGRAMS, self._folder + "/programs", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(os.path.join(os.path.dirname(__file__), "cpython_view.py"), self._folder)
        self._holder = self._hold_mounts()

    def _hold_mounts(self):
        """A process whose mount namespace is ours."""
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", MOUNTS]
        command += ["sh", self.path, CHECKOUT, self.inner_folder]
        holder = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)
        if holder.stdout.readline() != "mounted\n":
            self._remove()
            raise Absent("cannot mount in a namespace of our own")
        return holder

    def close(self):
        self._holder.kill()
        self._holder.wait()
        self._holder.stdout.close()
        self._remove()

    def _remove(self):
        os.rmdir(self._folder + "/checkout")
        shutil.rmtree(self._folder)

    def has(self, command):
        return os.path.exists(self.path + "/usr/bin/" + command)

    def folder(self, name):
        """Make a folder; returns its inner path."""
        os.mkdir(self._folder + "/" + name)
        return self.inner_folder + "/" + name

    def inner_program(self, name):
        return "%s/programs/%s.py" % (self.inner_folder, name)

    def inner_checkout(self, *parts):
        return "/".join((self.inner_folder, "checkout") + parts)

    def outer(self, inner):
        return self.path + inner

    def command(self, arguments, folder="/", environment=()):
        """The command line that runs arguments inside, under the same process id."""
        enter = ["setpriv", "--pdeathsig", "KILL", "nsenter", "--mount", "--target"]
        enter += [str(self._holder.pid), "chroot", self.path]
        variables = dict(environment, PATH="/usr/bin:/bin", HOME="/root", LANG="C.UTF-8")
        clean = ["env", "-i", "-C", folder] + ["%s=%s" % pair for pair in variables.items()]
        return enter + clean + arguments
