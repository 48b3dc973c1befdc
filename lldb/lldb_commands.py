# SPDX-License-Identifier: MIT
"""The asyncio commands as LLDB commands.

Names, usage and help come from the library's table. A command line goes to the library together
with the process of the command's context; what comes back goes to the command's result. No
exception leaves a command: LLDB would print it and go on as after a success.
"""

import contextlib
import locale
import math
import os
import sys
import time
import traceback

import aiodbg
import lldb
import lldb_completion
import lldb_target


def register(debugger, module):
    """Register all commands, again if need be. module is the name by which LLDB finds this one."""
    # LLDB crashes (14 to 19) where a container replaces a command that is none. One of these
    # fails, and mostly both.
    for kind in ("script", "container"):
        with contextlib.suppress(RuntimeError):
            _execute(debugger, "command %s delete asyncio" % kind)
    try:
        library = aiodbg.load_library()
    except aiodbg.LibraryError as error:
        reason = aiodbg.displayable(str(error), charset())
        print("aiodbg: " + reason, file=sys.stderr, flush=True)
        _add(debugger, module, "asyncio", Unusable, reason=reason)
        return
    aiodbg.set_debugger(
        library,
        lambda: script_target(debugger),
        lambda: is_interrupted(script_debugger(debugger)),
    )
    prefix = library.prefix()
    usage = "%s %s\n\n%s" % (prefix.name, prefix.usage, prefix.help)
    helps = "-h %s -H %s" % (_quote(prefix.summary), _quote(usage))
    _execute(debugger, "command container add %s asyncio" % helps)
    for command in library.commands():
        name = "asyncio " + command.name
        _add(debugger, module, name, Subcommand, library=library, command=command)


class Command:
    """What LLDB asks of a class that it makes a command of."""

    def __init__(self, debugger, internal_dict):
        self.debugger = debugger

    def __call__(self, debugger, line, exe_ctx, result):
        try:
            self.run(debugger, line, exe_ctx, result)
        except aiodbg.Error as error:
            result.SetError(aiodbg.displayable(str(error), charset()))
        except KeyboardInterrupt:
            result.SetError("interrupted")
        except Exception:
            # A mistake of ours: for whoever reports it.
            result.SetError(aiodbg.displayable(traceback.format_exc(), charset()))


class Unusable(Command):
    """`asyncio` while there is no library, so that using it says why."""

    reason = ""

    def run(self, debugger, line, exe_ctx, result):
        result.SetError(self.reason)

    def get_short_help(self):
        return "Show asyncio tasks (not available)."

    def get_long_help(self):
        return self.reason


class Subcommand(Command):
    """`asyncio NAME`, one subclass for each command of the table."""

    library = None
    command = None

    def run(self, debugger, line, exe_ctx, result):
        progress = progress_of(debugger, "asyncio " + self.command.name)

        def interrupted():
            progress.step()
            return is_interrupted(debugger)

        def select():
            return lldb_target.selected_target(exe_ctx, interrupted)

        sink = LldbSink(debugger, result, interrupted, progress.end)
        if isinstance(line, str):
            line = "%s %s" % (self.command.name, line)
        else:
            line = [self.command.name, *lldb_completion.words_of(line)]
        try:
            aiodbg.run_line(self.library, line, select, sink)
        finally:
            progress.end()

    def get_short_help(self):
        return self.command.summary

    def get_long_help(self):
        # Below "Syntax:" with the last word of the name only.
        return "\nUsage: %s\n\n%s" % (aiodbg.usage_line(self.command), self.command.help)

    # What LLDB asks of a command that it splits the line for: lldb_completion.py.

    def get_options_definition(self):
        return {}

    def get_args_definition(self):
        return [[{"arg_type": lldb.eArgTypeName, "repeat": "optional"}]]

    def get_flags(self):
        return 0

    def option_parsing_started(self):
        pass

    def set_option_value(self, exe_ctx, name, value):
        return False

    def handle_argument_completion(self, words, index, cursor):
        # Whatever goes wrong, nothing is to be printed into the line that is being typed.
        with contextlib.suppress(Exception):
            words = [*words[:index], words[index][:cursor]]
            unicode = charset() == "utf-8"
            return lldb_completion.complete(
                self.library, self.command, self.debugger, words, unicode
            )
        return True


class Progress:
    """Shows that a command still works, in LLDB's own way: newer ones, in a terminal or an IDE.

    Nothing of it is to be seen in batch runs, nor of commands that soon end.
    """

    DELAY = 0.5
    INTERVAL = 0.1

    def __init__(self, debugger, title):
        self._debugger = debugger
        self._title = title
        self._begun = time.monotonic()
        self._next = self._begun + self.DELAY
        self._shown = None

    def step(self):
        """To be called often."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self.INTERVAL
        if self._shown is None:
            self._shown = lldb.SBProgress(self._title, "reading tasks", self._debugger)
        self._shown.Increment(1, "%.0f s" % (now - self._begun))

    def end(self):
        """Show nothing any more."""
        self._next = math.inf
        if self._shown is not None:
            self._shown.Finalize()
        self._shown = None


def progress_of(debugger, title):
    """LLDB's own progress where it has that; else lines, for somebody who looks on."""
    if hasattr(lldb, "SBProgress"):
        return Progress(debugger, title)
    looks_on = is_printed(debugger) and is_terminal(debugger) and os.isatty(2)
    write = (lambda text: os.write(2, text.encode("ascii", "replace"))) if looks_on else None
    return aiodbg.ProgressLines(title, write)


def script_debugger(loaded_by):
    """The debugger that runs Python, if no command tells: an IDE may have several."""
    # LLDB sets it around what it runs.
    running = getattr(lldb, "debugger", None)
    return running if running is not None and running.IsValid() else loaded_by


def script_target(loaded_by):
    """What is selected, for Python that no command has given a context."""
    debugger = script_debugger(loaded_by)
    process = debugger.GetSelectedTarget().GetProcess()
    thread = process.GetSelectedThread()
    context = lldb.SBExecutionContext(thread if thread.IsValid() else process)
    return lldb_target.selected_target(context, lambda: is_interrupted(debugger))


def _ansi(code):
    return ("\x1b[%sm" % code, "\x1b[0m")


# As LLDB has frames and threads by default; a verdict is red.
STYLES = {
    aiodbg.Role.ROLE_TASK: _ansi("36"),
    aiodbg.Role.ROLE_ID: _ansi("34"),
    aiodbg.Role.ROLE_FUNCTION: _ansi("33"),
    aiodbg.Role.ROLE_FILE: _ansi("32"),
    aiodbg.Role.ROLE_LINE: _ansi("32"),
    aiodbg.Role.ROLE_HEADING: _ansi("1"),
    aiodbg.Role.ROLE_LIBRARY: _ansi("2"),
    aiodbg.Role.ROLE_VERDICT: _ansi("31"),
}


class LldbSink(aiodbg.Sink):
    """Collects in the command's result, which LLDB prints when the command has ended.

    LLDB writes each line of it by itself, and holds all of it. So what is large goes to LLDB's
    output as it comes, if that is where the result would go.
    """

    # Characters.
    LARGE = 1 << 20

    def __init__(self, debugger, result, interrupted, before_streaming):
        self._debugger = debugger
        self._result = result
        self.interrupted = interrupted
        self._before_streaming = before_streaming
        self._charset = charset()
        self._held = []
        self._room = self.LARGE if is_printed(debugger) else math.inf
        super().__init__(self._print, self._print_warning, self._charset == "utf-8")
        if is_printed(debugger) and is_terminal(debugger):
            self.width = debugger.GetTerminalWidth()
            self.styles = STYLES if wants_colors(debugger) else {}

    def _print(self, text):
        if self.interrupted():
            raise KeyboardInterrupt
        self._held.append(text if self.unicode else aiodbg.displayable(text, self._charset))
        self._room -= len(text)
        if self._room < 0:
            self._before_streaming()
            self._give_held(self._write)

    def _give_held(self, write):
        held, self._held = self._held, []
        for text in held:
            write(text)

    def _write(self, text):
        data = text.encode()
        while data:
            error, written = self._debugger.GetOutputFile().Write(data)
            # Nothing written without an error would go on for ever.
            if error.Fail() or not written:
                reason = error.GetCString() if error.Fail() else "it takes no more"
                message = "LLDB cannot write the output: %s" % reason
                raise aiodbg.Error(message, aiodbg.Status.IO)
            data = data[written:]

    def _print_warning(self, line):
        self._result.AppendWarning(aiodbg.displayable(line, self._charset))

    def close(self):
        super().close()
        self._give_held(self._write if self._room < 0 else self._result.Print)


def is_printed(debugger):
    """True if LLDB is going to print the result of the command that runs now to its output.

    False if the command was not typed, but run by a script or an IDE, which wants the result
    itself, or by `command source`, which may have been told to be silent.
    """
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    is_first = frame.f_code is Command.__call__.__code__
    return is_first and debugger.GetCommandInterpreter().IsActive()


def is_terminal(debugger):
    """True if somebody looks at what LLDB prints."""
    try:
        return os.isatty(debugger.GetOutputFile().GetFile().fileno())
    except (AttributeError, OSError, ValueError):
        return False


def wants_colors(debugger):
    """True if LLDB itself writes in colours there. https://no-color.org"""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return debugger.GetUseColor()


def charset():
    """What can be printed: LLDB writes the UTF-8 that it is given as it is, in any locale."""
    name = aiodbg.charset_name(locale.nl_langinfo(locale.CODESET))
    return name if name == "utf-8" else "ascii"


def is_interrupted(debugger):
    """True after Ctrl-C, or when an IDE asked to stop (LLDB 17 and newer)."""
    if hasattr(debugger, "InterruptRequested"):
        return debugger.InterruptRequested()
    return debugger.GetCommandInterpreter().WasInterrupted()


def _add(debugger, module, name, base, **attributes):
    """Register a command. LLDB makes its object, of a class that it finds by name."""
    class_name = name.replace(" ", "_")
    globals()[class_name] = type(class_name, (base,), attributes)
    parsed = base is Subcommand and lldb_completion.is_asked()
    options = "-p -c" if parsed else "-c"
    _execute(debugger, "command script add %s %s.%s %s" % (options, module, class_name, name))


def _execute(debugger, line):
    result = lldb.SBCommandReturnObject()
    debugger.GetCommandInterpreter().HandleCommand(line, result)
    if not result.Succeeded():
        raise RuntimeError("%s: %s" % (line, result.GetError()))


def _quote(text):
    """As one argument of a command. LLDB evaluates what is between backticks, even there."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "'")
    return '"%s"' % text
