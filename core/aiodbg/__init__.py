# SPDX-License-Identifier: MIT
"""asyncio tasks of a CPython process, from Python inside GDB and LLDB."""

# For the front-ends, and for programs that bring their own target.
from .binding import (  # noqa: F401
    INTERFACE,
    ByteOrder,
    Command,
    Error,
    Library,
    LibraryError,
    MemoryFault,
    NoTarget,
    Region,
    Sink,
    Status,
    Target,
    TargetKind,
    charset_name,
    displayable,
    load_library,
    run_line,
    split_line,
    usage_line,
)
