# SPDX-License-Identifier: MIT
"""Finding the shared library."""

import glob
import itertools
import os
import re

from .library import Library, LibraryError

_FILE_NAME = re.compile(r"libaiodbg(\.\d+)*\.(so(\.\d+)*|dylib)$")


def load_library():
    """The first usable libaiodbg. Raises LibraryError."""
    failures = []
    for path in _candidates():
        try:
            return Library(path)
        except (OSError, LibraryError) as error:
            failures.append(_failure(path, error))
    raise LibraryError(
        "no usable libaiodbg: tried %s; build it with `meson setup build && "
        "meson compile -C build`, or set AIODBG_LIBRARY" % ", ".join(failures)
    )


def _candidates():
    """Paths to try, best first."""
    chosen = os.environ.get("AIODBG_LIBRARY")
    if not chosen:
        return itertools.chain.from_iterable(map(_files_in, _folders()))
    # Nothing else then: who names a library wants that one.
    path = os.path.abspath(os.path.expanduser(chosen))
    return _files_in(path) if os.path.isdir(path) else [path]


def _folders():
    # The folder that has this package: core/python/ in a checkout.
    here = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    above = os.path.dirname(here)
    folders = [os.path.join(os.path.dirname(above), "build", "core"), here]
    if os.path.basename(above) == "share":
        prefix = os.path.dirname(above)
        folders += sorted(glob.glob(os.path.join(prefix, "lib", "*-*")))
        folders += [os.path.join(prefix, "lib64"), os.path.join(prefix, "lib")]
    return folders


def _files_in(folder):
    """The library files there, links to each other once, or the one that should be."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if _FILE_NAME.match(name)]
    files = {os.path.realpath(path): path for path in reversed(paths) if os.path.isfile(path)}
    return sorted(files.values()) or [os.path.join(folder, "libaiodbg.so")]


def _failure(path, error):
    if not os.path.isfile(path):
        return path
    # dlopen's message begins with the path, once more.
    reason = str(error).replace(path + ": ", "")
    return "%s (%s)" % (path, reason.replace("\n", " "))
