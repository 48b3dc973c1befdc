# SPDX-License-Identifier: MIT
"""The asyncio commands for GDB: load with `gdb -x aiodbg_gdb.py`, or `source` it.

This is only the way in; the commands are in gdb_commands.py. GDB runs this file as part of
__main__, where the user's own Python lives, so it leaves no names behind.
"""

import gdb


def _load(here):
    import os
    import sys

    # In a checkout the package aiodbg is in core/python/; installed, it is beside this file. The
    # project's root must not be on the path: its folder gdb/ would hide GDB's own module.
    for folder in (os.path.join(os.path.dirname(here), "core", "python"), here):
        if os.path.isdir(folder) and folder not in sys.path:
            sys.path.insert(0, folder)
    # Sourced once more, use the files as they are now.
    ours = ("aiodbg", "gdb_files", "gdb_target", "gdb_completion", "gdb_functions", "gdb_settings")
    ours += ("gdb_styles", "gdb_commands")
    for name in list(sys.modules):
        if name.split(".")[0] in ours:
            del sys.modules[name]

    import gdb_commands

    try:
        gdb_commands.register()
    except gdb.GdbError:
        sys.excepthook = _one_line(sys.excepthook)
        raise


def _one_line(previous):
    """GDB 13 prints a traceback of whatever a script raises. Newer ones don't come here."""

    def hook(kind, value, traceback):
        import sys

        sys.excepthook = previous
        if issubclass(kind, gdb.GdbError):
            gdb.write("%s\n" % value, gdb.STDERR)
        else:
            previous(kind, value, traceback)

    return hook


try:
    import os as _os

    _load(_os.path.dirname(_os.path.realpath(__file__)))
finally:
    del _load, _one_line, _os
