# SPDX-License-Identifier: MIT
"""Which debugger we are in. A front-end says so when it is loaded."""

from typing import Callable, Optional

from .binding import Library, NoTarget, Target, load_library

_library: Optional[Library] = None
_select: Optional[Callable[[], Target]] = None


def set_debugger(library: Library, select: Callable[[], Target]) -> None:
    """For front-ends: select() gives what the user has selected, or raises NoTarget."""
    global _library, _select
    _library, _select = library, select


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
            "no debugger: `import aiodbg` inside GDB after `source gdb/aiodbg_gdb.py`, or inside "
            "LLDB after `command script import lldb/aiodbg_lldb.py`"
        )
    return _select()
