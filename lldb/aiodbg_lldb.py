# SPDX-License-Identifier: MIT
"""The asyncio commands for LLDB: load with `command script import aiodbg_lldb.py`.

This is only the way in; the commands are in lldb_commands.py.
"""

import glob
import importlib
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))


def _find_lldb():
    """Make LLDB's own module importable. Returns a dict of names that LLDB itself lacks.

    LLDB 14 as packaged by Debian 12 looks for it in a folder that does not exist, prints errors
    about that when it starts Python, and would print more around each command. Its other
    packages are right, so this ends here for them.
    """
    try:
        # A folder without a module in it can be imported, too.
        from lldb import SBDebugger  # noqa: F401

        return {}
    except ImportError:
        sys.modules.pop("lldb", None)
    # For example /usr/lib/llvm-14, which has bin/lldb.
    prefix = os.path.dirname(os.path.dirname(os.path.realpath("/proc/self/exe")))
    python = "python%d.%d" % sys.version_info[:2]
    found = glob.glob(os.path.join(prefix, "lib", python, "*-packages", "lldb", "__init__.py"))
    if not found:
        raise ImportError("LLDB cannot import its module lldb: put its folder in PYTHONPATH")
    folder = os.path.dirname(os.path.dirname(found[0]))
    sys.path.insert(0, folder)
    # What LLDB would have done at its start: here, and with the names returned.
    code = (
        "import lldb.embedded_interpreter\n"
        "from lldb.embedded_interpreter import run_one_line, run_python_interpreter\n"
    )
    exec(code, vars(sys.modules["__main__"]))
    print(
        "aiodbg: the errors above are LLDB's, which does not find its own Python module; it works "
        "from here on. To be rid of them: export PYTHONPATH=%s" % folder,
        file=sys.stderr,
        flush=True,
    )
    return {"lldb": sys.modules["lldb"], "reload_module": importlib.reload}


def _import_commands():
    # In a checkout the package aiodbg is in core/python/; installed, it is beside this file. The
    # project's root must not be on the path: its folder lldb/ would hide LLDB's own module.
    for folder in (os.path.join(os.path.dirname(HERE), "core", "python"), HERE):
        if os.path.isdir(folder) and folder not in sys.path:
            sys.path.insert(0, folder)
    # Imported once more, use the files as they are now.
    for name in list(sys.modules):
        if name.split(".")[0] in ("aiodbg", "lldb_target", "lldb_completion", "lldb_commands"):
            del sys.modules[name]
    return importlib.import_module("lldb_commands")


_missing_names = _find_lldb()

# LLDB knows this module by the name of its file, and finds the commands through it.
lldb_commands = _import_commands()


def __lldb_init_module(debugger, internal_dict):
    internal_dict.update(_missing_names)
    lldb_commands.register(debugger, __name__ + ".lldb_commands")
