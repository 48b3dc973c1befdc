# SPDX-License-Identifier: MIT
"""The asyncio commands as GDB commands.

Names, usage and help come from the library's table. A command line goes to the library together
with the selected inferior; what comes back is printed, or raised as a one-line gdb.GdbError.
"""

import os

import aiodbg
import gdb
import gdb_completion
import gdb_functions
import gdb_settings
import gdb_styles
import gdb_target


def register():
    """Register all commands, again if need be. Raises gdb.GdbError if there is no library."""
    try:
        library = aiodbg.load_library()
    except aiodbg.LibraryError as error:
        Unusable(str(error))
        raise gdb.GdbError(_displayable(str(error))) from None
    aiodbg.set_debugger(library, gdb_target.selected_target)
    Prefix(library)
    for command in library.commands():
        Subcommand(library, command)
    gdb_settings.register(library)
    gdb_functions.register()


class Unusable(gdb.Command):
    """Stands in for the commands while there is no library, so that using them says why."""

    def __init__(self, reason):
        self.__doc__ = "Show asyncio tasks (not available).\n\n%s\n" % reason
        super().__init__("asyncio", gdb.COMMAND_DATA)
        self._reason = reason

    def invoke(self, line, from_tty):
        raise gdb.GdbError(_displayable(self._reason))


class Prefix(gdb.Command):
    """`asyncio`: GDB comes here for it alone, and for words that name none of the commands."""

    def __init__(self, library):
        self._library = library
        prefix = library.prefix()
        self.__doc__ = "%s\n\n%s" % (prefix.summary, prefix.help)
        super().__init__("asyncio", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, line, from_tty):
        self.dont_repeat()
        if line.strip() in ("", "-h", "--help"):
            gdb.execute("help asyncio")
        else:
            run(self._library, line, from_tty)


class Subcommand(gdb.Command):
    """`asyncio NAME`, one object for each command of the table."""

    def __init__(self, library, command):
        self._library = library
        self._command = command
        self.__doc__ = help_text(command)
        super().__init__("asyncio " + command.name, gdb.COMMAND_DATA)

    def invoke(self, line, from_tty):
        self.dont_repeat()
        run(self._library, "%s %s" % (self._command.name, line), from_tty)
        if self._command.name == "set":
            gdb_settings.refresh()

    def complete(self, text, word):
        unicode = host_charset().startswith("utf")
        return gdb_completion.complete(self._library, self._command, text, word, unicode)


def help_text(command):
    """GDB shows the first line in lists of commands, so it has to be the summary."""
    return "%s\n\nUsage: %s\n\n%s" % (command.summary, aiodbg.usage_line(command), command.help)


def run(library, line, from_tty=False):
    """Run one command line, without the word asyncio. Raises gdb.GdbError."""
    progress = progress_of(line, from_tty)

    def select():
        target = gdb_target.selected_target()
        target.interrupted = progress.step
        return target

    try:
        aiodbg.run_line(library, line, select, GdbSink(progress))
    except aiodbg.Error as error:
        raise gdb.GdbError(_displayable(str(error))) from None
    except gdb.error as error:
        raise gdb.GdbError(str(error)) from None


def progress_of(line, from_tty):
    """Of a command that somebody has typed, and waits for at a terminal."""
    looks_on = from_tty and os.isatty(2)
    write = (lambda text: os.write(2, text.encode("ascii", "replace"))) if looks_on else None
    return aiodbg.ProgressLines("asyncio " + line.split(None, 1)[0], write)


class GdbSink(aiodbg.Sink):
    """Prints through GDB, so that paging, `pipe`, `set logging` and Ctrl-C work."""

    def __init__(self, progress):
        self._progress = progress
        self._charset = host_charset()
        super().__init__(self._print, self._print_warning, self._charset.startswith("utf"))
        self.styles = gdb_styles.styles()
        self.width = gdb_styles.width()

    def interrupted(self):
        # Ctrl-C is an exception.
        self._progress.step()
        return False

    def _print(self, text):
        self._progress.end()
        # Every UTF has all that a sink gives, and looking at each character takes time.
        gdb.write(text if self.unicode else aiodbg.displayable(text, self._charset))

    def _print_warning(self, line):
        line = aiodbg.displayable(line, self._charset)
        # Newer than GDB 13, in its own style.
        if hasattr(gdb, "warning"):
            gdb.warning(line)
        else:
            gdb.write("warning: %s\n" % line, gdb.STDERR)


def host_charset():
    """The charset that GDB converts its output to, by Python's name for it."""
    return aiodbg.charset_name(gdb.host_charset())


def _displayable(text):
    """Text without characters that gdb.write() would fail to convert."""
    return aiodbg.displayable(text, host_charset())
