# SPDX-License-Identifier: MIT
"""Fixtures: the library, and the GDB front-end inside a small fake GDB."""

import contextlib
import importlib
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

GDB_MODULES = (
    "gdb_files",
    "gdb_target",
    "gdb_completion",
    "gdb_functions",
    "gdb_settings",
    "gdb_styles",
    "gdb_commands",
)

# As the front-ends do it. Never the top: its folder gdb/ would hide GDB's module.
sys.path[:0] = [os.path.join(TOP, "core", "python"), HERE]


@contextlib.contextmanager
def modules_restored(*names):
    """Afterwards the modules and packages of these names are those from before."""

    def loaded():
        found = sys.modules.items()
        return {name: module for name, module in found if name.split(".")[0] in names}

    before = loaded()
    yield
    for name in loaded():
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture(scope="session")
def top():
    return TOP


@pytest.fixture(scope="session")
def library():
    import aiodbg

    return aiodbg.load_library()


@pytest.fixture
def gdb(monkeypatch):
    """The fake GDB, as new, in place of the module that only exists inside GDB."""
    import fake_gdb

    fake = importlib.reload(fake_gdb)
    monkeypatch.setitem(sys.modules, "gdb", fake)
    monkeypatch.syspath_prepend(os.path.join(TOP, "gdb"))
    for name in GDB_MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield fake
    for name in GDB_MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def commands(gdb, library):
    """The fake GDB with the commands registered: gdb_commands."""
    import gdb_commands

    gdb_commands.register()
    return gdb_commands
