# SPDX-License-Identifier: MIT
"""How GDB's user wants text to look, and how wide the terminal is."""

import aiodbg
import gdb

# GDB's own styles (`help set style`), of which older ones lack some.
_NAMES = {
    aiodbg.Role.ROLE_TASK: "variable",
    aiodbg.Role.ROLE_ID: "address",
    aiodbg.Role.ROLE_FUNCTION: "function",
    aiodbg.Role.ROLE_FILE: "filename",
    aiodbg.Role.ROLE_LINE: "line-number",
    aiodbg.Role.ROLE_HEADING: "title",
    aiodbg.Role.ROLE_LIBRARY: "metadata",
    aiodbg.Role.ROLE_VERDICT: "highlight",
}


def styles():
    """What goes around a text of each role; empty where GDB would not style its own.

    That is for gdb.Style to say, which knows where the output goes: not to a pipe, a file, a
    string, MI or DAP. GDB 13 has none.
    """
    found = {}
    for role, name in _NAMES.items():
        try:
            begin, _, end = gdb.Style(name).apply("\n").partition("\n")
        except (AttributeError, RuntimeError, ValueError):
            continue
        if begin:
            found[role] = (begin, end)
    return found


def width():
    """Columns of the terminal; 0 if the user has none, or does not want lines to fit."""
    return gdb.parameter("width") or 0
