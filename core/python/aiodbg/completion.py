# SPDX-License-Identifier: MIT
"""Completion of command lines: options, and tasks of a snapshot.

A line is split as split_line() does it, by the rules of a POSIX shell, but it ends where the
cursor is: maybe inside quotes.
"""

import itertools
import time
from typing import Callable, List, Optional, Sequence

from . import mirror, objects
from .library import Error, Library
from .target import Target

# Nobody reads more, nor waits longer. The debuggers have limits of their own, and say so.
_TASKS_LOOKED_AT = 5000
_SECONDS = 1.0

_BLANKS = " \t\r\n"


class PartialLine:
    """The arguments before the cursor.

    words are those before the one that is being typed, which is word; typed is what stands for
    it in the line, from its first quote on.
    """

    def __init__(self, text: str) -> None:
        self.words: List[str] = []
        self.word = ""
        # The quote that is open, a backslash, or nothing.
        self.state = ""
        start = None
        for position, character in enumerate(text):
            if not self.state and character in _BLANKS:
                if start is not None:
                    self.words.append(self.word)
                start, self.word = None, ""
                continue
            if start is None:
                start = position
            self._take(character)
        self.typed = "" if start is None else text[start:]

    def _take(self, character: str) -> None:
        if self.state in ("\\", '"\\'):
            # Within quotes a backslash stands for itself before most characters.
            if self.state == '"\\' and character not in '"\\':
                self.word += "\\"
            self.word += character
            self.state = self.state[:-1]
        elif character == self.state:
            self.state = ""
        elif character == "\\" and self.state != "'":
            self.state += "\\"
        elif not self.state and character in "'\"":
            self.state = character
        else:
            self.word += character

    def typed_further(self, word: str) -> Optional[str]:
        """What has to stand in the line for a word that begins with this one, or None."""
        rest = word[len(self.word) :]
        if self.state.endswith("\\"):
            return None
        if self.state == "'":
            rest = rest.replace("'", "'\"'\"'")
        else:
            special = '"\\' if self.state else "'\"\\" + _BLANKS
            rest = "".join("\\" + c if c in special else c for c in rest)
        return self.typed + rest + self.state


def complete(
    library: Library,
    command: str,
    line: PartialLine,
    take_snapshot: Callable[[], Optional[objects.Snapshot]],
    unicode: bool,
) -> List[str]:
    """What could stand in the place of line.typed, each in full.

    take_snapshot() is called if a task is asked for; None if there is none.
    """
    found = complete_word(library, command, line.words, line.word, take_snapshot, unicode)
    typed = map(line.typed_further, found)
    return [text for text in typed if text is not None]


def complete_word(
    library: Library,
    command: str,
    before: List[str],
    word: str,
    take_snapshot: Callable[[], Optional[objects.Snapshot]],
    unicode: bool,
) -> List[str]:
    """What could be meant by a word that follows those before it, each in full and without quotes."""
    words = before + [word]
    found = library.complete(command, words)
    if library.word_kind(command, words) == mirror.WordKind.WORD_TASK:
        snapshot = take_snapshot()
        if snapshot is not None:
            found += _tasks(snapshot, word, unicode)
    return found


def _tasks(snapshot: objects.Snapshot, word: str, unicode: bool) -> Sequence[str]:
    end = time.monotonic() + _SECONDS
    found = {}
    texts = snapshot._handle.complete(word, unicode)
    for text in itertools.islice(texts, _TASKS_LOOKED_AT):
        # Commands take these for options, or for nothing.
        if text and not text.startswith("-"):
            found[text] = None
        if time.monotonic() > end:
            break
    return list(found)


def snapshot_in_time(target: Target) -> Optional[objects.Snapshot]:
    """A snapshot, if it takes no longer than somebody waits who has pressed TAB; else None."""
    end = time.monotonic() + _SECONDS
    interrupted = target.interrupted
    target.interrupted = lambda: interrupted() or time.monotonic() > end  # type: ignore
    try:
        return objects.snapshot(target)
    except (Error, KeyboardInterrupt):
        return None
