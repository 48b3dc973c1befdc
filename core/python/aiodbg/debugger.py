# SPDX-License-Identifier: MIT
"""Which debugger we are in. A front-end says so when it is loaded."""

from typing import Callable, Optional

from .library import Library
from .load import load_library
from .target import NoTarget, Target

_library: Optional[Library] = None
_select: Optional[Callable[[], Target]] = None
_interrupted: Callable[[], bool] = lambda: False


def set_debugger(
    library: Library,
    select: Callable[[], Target],
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """For front-ends: what the user has selected, and whether the user asked to stop.

    select() raises NoTarget if there is nothing. interrupted() is for what has no target.
    """
    global _library, _select, _interrupted
    _library, _select, _interrupted = library, select, interrupted


def library() -> Library:
    """The front-end's library, or the one that is found. Raises LibraryError."""
    global _library
    if _library is None:
        _library = load_library()
    return _library


def selected_target() -> Target:
    """What the user has selected. Raises NoTarget."""
    if _select is None:
        raise NoTarget(
            "no debugger that could have selected a process: name one with "
            "`aiodbg.snapshot(pid=PID)`, or a core with core=FILE, or `import aiodbg` inside GDB after `source "
            "gdb/aiodbg_gdb.py`, or inside LLDB after `command script import lldb/aiodbg_lldb.py`"
        )
    return _select()


def interrupted() -> bool:
    """True if the user asked to stop."""
    return _interrupted()
