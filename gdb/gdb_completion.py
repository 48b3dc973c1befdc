# SPDX-License-Identifier: MIT
"""Completion of the asyncio commands in GDB."""

import aiodbg
import gdb
import gdb_target

# After any of these the tasks may be others. The first ends each command that a user types.
_EVENTS = (
    "before_prompt",
    "stop",
    "cont",
    "exited",
    "new_objfile",
    "clear_objfiles",
    "memory_changed",
)


class TasksNow:
    """A snapshot to complete from, kept while somebody presses TAB: nothing moves meanwhile."""

    def __init__(self):
        self._kept = None

    def get(self):
        """The snapshot, or None if there is none to be had in time."""
        inferior = gdb.selected_inferior()
        key = (inferior.num, inferior.pid)
        if self._kept is None or self._kept[0] != key:
            self._forget()
            self._kept = (key, self._take())
            for event in self._events():
                event.connect(self._forget)
        return self._kept[1]

    def _take(self):
        try:
            return aiodbg.snapshot_in_time(gdb_target.selected_target())
        except (aiodbg.NoTarget, gdb.error):
            return None

    def _forget(self, *_):
        if self._kept is not None:
            self._kept = None
            for event in self._events():
                event.disconnect(self._forget)

    @staticmethod
    def _events():
        return [getattr(gdb.events, name) for name in _EVENTS if hasattr(gdb.events, name)]


tasks_now = TasksNow()


def complete(library, command, text, word, unicode):
    """As gdb.Command.complete() has to answer."""
    line = aiodbg.PartialLine(text)
    kind = library.word_kind(command.name, line.words + [line.word])
    if kind == aiodbg.WordKind.WORD_FILE:
        return gdb.COMPLETE_FILENAME
    if word is None:
        # GDB calls first to learn how the start of the word is found: as usual.
        return None
    # GDB has cut the word at characters that it takes for separators, such as "-".
    known = len(line.typed) - len(word)
    found = aiodbg.complete(library, command.name, line, tasks_now.get, unicode)
    if line.state == "'" and not word.startswith("'"):
        # One that GDB knows to be open, and closes itself.
        found = [each[:-1] for each in found]
    return [each[known:] for each in found]
