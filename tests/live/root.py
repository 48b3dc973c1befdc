"""The root folder of another Debian, in which programs run: one Python beside the other.

Programs run there under chroot, in a mount namespace of our own: /proc, this checkout and this
machine's files are mounted inside it and are gone with it, whatever happens to us.
"""

import os
import subprocess

from place import CHECKOUT, PROGRAMS, Absent, Place  # noqa: F401: for those who use the root

MOUNTS = """
mount -t proc proc "$1/proc" &&
mount --bind "$2" "$1$3/checkout" &&
mount --rbind / "$1$3/machine" &&
mount -o remount,bind,ro "$1$3/machine" &&
echo mounted &&
exec sleep infinity
"""
MOUNT_POINTS = ("checkout", "machine")


def find_root(name="unstable", script="scripts/make-root"):
    """The folder of that name which the script makes, in the one that $AIODBG_ROOTS names."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.environ.get("AIODBG_ROOTS") or os.path.join(cache, "aiodbg")
    root = os.path.join(folder, name)
    if not os.path.isdir(root):
        raise Absent("no root folder %s (%s makes it)" % (root, script))
    if os.geteuid() != 0:
        raise Absent("chroot needs root's rights")
    return root


class Root(Place):
    """A root folder while it is in use."""

    def __init__(self, *which):
        super().__init__(find_root(*which))
        for name in MOUNT_POINTS:
            os.mkdir(self._folder + "/" + name)
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
        # Fails before anything is lost, should one still be mounted.
        for name in MOUNT_POINTS:
            os.rmdir(self._folder + "/" + name)
        super().close()

    def has(self, command):
        return os.path.exists(self.path + "/usr/bin/" + command)

    def inner_checkout(self, *parts):
        return "/".join((self.inner_folder, "checkout") + parts)

    def inner_machine(self, path):
        """A path of the machine itself, as seen inside."""
        return self.inner_folder + "/machine" + path

    def command(self, arguments, folder="/", environment=()):
        """The command line that runs arguments inside, under the same process id."""
        enter = ["setpriv", "--pdeathsig", "KILL", "nsenter", "--mount", "--target"]
        enter += [str(self._holder.pid), "chroot", self.path]
        return enter + super().command(arguments, folder, environment)
