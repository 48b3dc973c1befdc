# SPDX-License-Identifier: MIT
"""Completion of the asyncio commands in LLDB 22 and newer.

LLDB asks a script only for arguments of commands that it parses itself (`command script add -p`).
If such a command says that it has no options, it gets every word as it was typed, options too: the
library parses and completes them, as elsewhere. LLDB 20 and 21 crash when TAB is pressed behind such
a command, and older ones do not ask.
"""

import glob
import os
import re

import aiodbg
import lldb
import lldb_target


def is_asked():
    """True if this LLDB asks commands for completions, and survives the answer."""
    found = re.match(r"lldb version (\d+)\.", lldb.SBDebugger.GetVersionString())
    return found is not None and int(found.group(1)) >= 22


# Bytes of one; a pattern has up to a thousand characters.
_WORD_MAX = 1 << 16


def words_of(arguments):
    """The words of a line that LLDB has split: a list of it, as an SBStructuredData."""
    count = arguments.GetSize()
    return [arguments.GetItemAtIndex(i).GetStringValue(_WORD_MAX) for i in range(count)]


class TasksNow:
    """A snapshot to complete from, kept as long as the process has not gone on."""

    def __init__(self):
        self._kept = None

    def get(self, debugger):
        """The snapshot, or None if there is none to be had in time."""
        process = debugger.GetSelectedTarget().GetProcess()
        key = (process.GetUniqueID(), process.GetStopID(), process.GetState())
        if self._kept is None or self._kept[0] != key:
            self._kept = (key, self._take(process))
        return self._kept[1]

    @staticmethod
    def _take(process):
        context = lldb.SBExecutionContext(process)
        try:
            return aiodbg.snapshot_in_time(lldb_target.selected_target(context, lambda: False))
        except aiodbg.NoTarget:
            return None


_tasks_now = TasksNow()


def complete(library, command, debugger, words, unicode):
    """What the last of words could be, as handle_argument_completion() has to answer."""
    *before, word = words
    if library.word_kind(command.name, words) == aiodbg.WordKind.WORD_FILE:
        return _files(word)

    def tasks():
        return _tasks_now.get(debugger)

    found = aiodbg.complete_word(library, command.name, before, word, tasks, unicode)
    return _answer([_escaped(word, text) for text in found])


def _escaped(word, text):
    """LLDB puts behind the word what follows it here, as it is. It does not tell of open quotes."""
    return word + re.sub(r"([\s'\"`\\])", r"\\\1", text[len(word) :])


def _answer(found):
    return {"values": found} if found else True


def _files(word):
    found = sorted(glob.glob(glob.escape(word) + "*"))
    found = [_escaped(word, path + "/" if os.path.isdir(path) else path) for path in found]
    if len(found) == 1 and found[0].endswith("/"):
        return {"completion": found[0], "mode": "partial"}
    return _answer(found)
