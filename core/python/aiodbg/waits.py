# SPDX-License-Identifier: MIT
"""What tasks and threads wait for, what event loops do, and what is wrong, with the names of the JSON.

All of it is made from the document of `asyncio why --json`, when something is first asked for.
"""

import dataclasses
import json
import re
from typing import Any, Dict, List, Optional, Tuple

from . import mirror
from .library import Error, SnapshotHandle
from .target import Sink

_ADDRESS = re.compile("0x[0-9a-f]+")


@dataclasses.dataclass(frozen=True)
class Holder:
    """Who has what is waited for: a task, or a thread by its tid."""

    task: Optional[int]
    thread: Optional[int]
    certainty: str
    evidence: Optional[str]
    line: Optional[int]


@dataclasses.dataclass(frozen=True)
class Wait:
    """What a task or thread waits for. deadline is in seconds from now, negative if it is overdue."""

    kind: str
    object: Optional[int]
    type: Optional[str]
    text: str
    certainty: str
    holders: Tuple[Holder, ...]
    deadline: Optional[float]
    deadline_at: Optional[float]
    fd: Optional[int]
    peer: Optional[str]
    unsent: Optional[int]
    pid: Optional[int]
    thread: Optional[int]
    place: Optional[int]
    waiters: Optional[int]


@dataclasses.dataclass(frozen=True)
class Loop:
    """An event loop. thread is a tid; state "idle", "busy", "closed", "not running" or "copied by
    fork", since so many seconds; task is what it runs, calls the function of C that this is in."""

    id: int
    type: Optional[str]
    thread: Optional[int]
    state: Optional[str]
    seconds: Optional[float]
    task: Optional[int]
    ready: Optional[int]
    timers: Optional[int]
    calls: Optional[str]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Something that is wrong, as `asyncio why` says it; tasks and objects are ids."""

    kind: str
    certainty: str
    summary: str
    tasks: Tuple[int, ...]
    objects: Tuple[int, ...]
    places: Tuple[Dict[str, Any], ...]
    evidence: Tuple[Any, ...]


class Waits:
    """The document of a snapshot that was taken with waits."""

    def __init__(self, handle: SnapshotHandle) -> None:
        self._handle = handle
        self._document: Optional[Dict[str, Any]] = None
        self._tasks: Dict[int, Dict[str, Any]] = {}

    def document(self) -> Dict[str, Any]:
        if self._document is None:
            chunks: List[str] = []
            sink = Sink(chunks.append, chunks.append)
            self._handle.render_waits(sink)
            sink.close()
            self._document = json.loads("".join(chunks))
            self._tasks = {int(task["id"], 16): task for task in self._document["tasks"]}
        return self._document

    def task(self, id: int) -> Dict[str, Any]:
        self.document()
        return self._tasks.get(id, {})

    def wait(self, id: int) -> Optional[Wait]:
        found = self.task(id).get("waits_for")
        if not found:
            return None
        holders = tuple(made(Holder, holder) for holder in found["holders"])
        return dataclasses.replace(made(Wait, found), holders=holders)

    def holds(self, id: int) -> Tuple[int, ...]:
        return plain(self.task(id).get("holds", []))

    def loops(self) -> Tuple[Loop, ...]:
        return tuple(made(Loop, loop) for loop in self.document()["loops"])

    def verdicts(self) -> Tuple[Verdict, ...]:
        return tuple(made(Verdict, verdict) for verdict in self.document()["verdicts"])


def without_waits() -> Error:
    """Nothing to tell is not the same as not having looked."""
    message = "not decoded: take the snapshot with waits=True"
    return Error(message, mirror.Status.USAGE)


def made(cls: Any, entry: Dict[str, Any]) -> Any:
    """An object of the class, which may lack keys of the entry, and of which that may lack some."""
    return cls(**{field.name: plain(entry.get(field.name)) for field in dataclasses.fields(cls)})


def plain(value: Any) -> Any:
    """Addresses as ints, lists as tuples."""
    if isinstance(value, list):
        return tuple(plain(item) for item in value)
    if isinstance(value, str) and _ADDRESS.fullmatch(value):
        return int(value, 16)
    return value
