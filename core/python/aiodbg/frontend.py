# SPDX-License-Identifier: MIT
"""What the front-ends of all debuggers share: command lines, and text for their terminals."""

import codecs
import math
import shlex
import time

from .library import Error
from .mirror import Status
from .target import NoTarget


def run_line(library, line, select, sink):
    """Run a command line, without the word asyncio. Raises Error, or KeyboardInterrupt.

    A list is a line that the debugger has split.
    select() gives the target or raises NoTarget, which matters only to commands that need one:
    --help does not.
    """
    target, reason = None, None
    try:
        target = select()
    except NoTarget as error:
        reason = str(error)
    try:
        words = line if isinstance(line, list) else split_line(line)
        library.run_command(target, words, sink)
    except Error as error:
        if error.status == Status.INTERRUPTED:
            raise KeyboardInterrupt from None
        # An incomplete answer is given on. Not so after an interruption.
        sink.close()
        if target is None and error.status == Status.INVALID:
            raise Error(reason, error.status) from None
        raise
    except Exception:
        sink.close()
        raise
    sink.close()


def split_line(line):
    """The words of a command line, as a shell splits them. Raises Error."""
    try:
        return shlex.split(line)
    except ValueError as error:
        # shlex says "No closing quotation" and "No escaped character".
        raise Error(str(error).lower(), Status.USAGE) from None


class ProgressLines:
    """Tells somebody who looks on that a command still works: a line every 2 s, from 2 s on."""

    INTERVAL = 2.0

    def __init__(self, title, write):
        """write(text), or None if nobody looks on."""
        self._title = title
        self._write = write
        self._begun = time.monotonic()
        self._next = self._begun + self.INTERVAL if write else math.inf

    def step(self):
        """To be called often."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self.INTERVAL
        self._write("%s: reading for %.0f s; Ctrl-C ends it\n" % (self._title, now - self._begun))

    def end(self):
        """Say nothing any more."""
        self._next = math.inf


def usage_line(command):
    """What to type, with all options."""
    return " ".join(("asyncio", command.name, command.usage)).strip()


def charset_name(name):
    """Python's name for a charset, "ascii" if Python does not know it."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "ascii"


def displayable(text, charset):
    """Text with what the charset does not have escaped."""
    if text.isascii():
        return text
    return text.encode(charset, "backslashreplace").decode(charset)
