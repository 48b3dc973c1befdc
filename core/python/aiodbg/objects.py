# SPDX-License-Identifier: MIT
"""A snapshot as Python objects, with the names that the JSON has.

Ids and addresses are ints, what is not known is None. Objects are made when they are asked for:
a snapshot of a million tasks is no million objects until somebody keeps them.
"""

import collections.abc
import ctypes
import dataclasses
import functools
import itertools
import os
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Generic,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from . import debugger, mirror
from .library import Error, SnapshotHandle, text_of
from .target import Sink, Target
from .waits import Loop, Verdict, Wait, Waits, without_waits

_Item = TypeVar("_Item")

_STATES = {
    mirror.TaskState.TASK_PENDING: "pending",
    mirror.TaskState.TASK_RUNNING: "running",
    mirror.TaskState.TASK_FINISHED: "finished",
    mirror.TaskState.TASK_CANCELLED: "cancelled",
}

_KINDS = {
    mirror.FrameKind.FRAME_FUNCTION: "function",
    mirror.FrameKind.FRAME_GENERATOR: "generator",
    mirror.FrameKind.FRAME_COROUTINE: "coroutine",
    mirror.FrameKind.FRAME_ASYNC_GENERATOR: "async_generator",
    mirror.FrameKind.FRAME_FOREIGN: "foreign",
}

_SOURCES = {
    mirror.EdgeSource.SOURCE_AWAITED_BY: "awaited_by",
    mirror.EdgeSource.SOURCE_CALLBACK: "callback",
    mirror.EdgeSource.SOURCE_AWAITED_BY | mirror.EdgeSource.SOURCE_CALLBACK: "both",
}


@dataclasses.dataclass(frozen=True)
class Python:
    """The interpreter that was looked at."""

    version: str
    hexversion: int
    free_threaded: bool
    debug: Optional[bool]


@dataclasses.dataclass(frozen=True)
class Origin:
    """What was looked at: kind is "process" or "core"."""

    kind: str
    pid: Optional[int]


@dataclasses.dataclass(frozen=True)
class Thread:
    """A thread that Python runs in, its running event loop, and the task that this runs."""

    tid: Optional[int]
    interpreter: int
    loop: Optional[int]
    running_task: Optional[int]

    @property
    def stack(self) -> "Tuple[Frame, ...]":
        """All of its frames, innermost first. Raises Error if the snapshot was taken without waits."""
        return tuple(_frame(frame) for frame in self._known()["stack"])

    @property
    def name(self) -> Optional[str]:
        """What threading calls it. Raises Error if the snapshot was taken without waits."""
        return self._known()["name"]

    def _known(self) -> Dict[str, Any]:
        entry = self.__dict__.get("_entry")
        if entry is None:
            raise without_waits()
        return entry()

    def __getstate__(self) -> Dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_entry"}


@dataclasses.dataclass(frozen=True)
class Frame:
    """Where a coroutine or function stands; lines and columns as code.co_positions() has them.

    kind is "coroutine", "generator", "async_generator" or "function"; or "foreign" for an object that
    cannot be followed: function is then its type and address.
    """

    function: Optional[str]
    file: Optional[str]
    kind: str
    line: Optional[int]
    end_line: Optional[int]
    column: Optional[int]
    end_column: Optional[int]

    def __str__(self) -> str:
        line = "?" if self.line is None else self.line
        return "%s %s:%s" % (self.function or "?", self.file or "?", line)


@dataclasses.dataclass(frozen=True)
class Awaiter:
    """Who awaits a task.

    kind is "task", or "future" for one that nobody awaits; source is "awaited_by" if CPython has
    it on record, "callback" if a callback says so, or "both"; via are the futures in between.
    waits is False if it has only started the task, and is still inside the async with that has
    the task group: frame is the index of that in its stack, or None if it is not known.
    """

    id: int
    kind: str
    source: str
    via: Tuple[int, ...]
    frame: Optional[int] = None
    waits: bool = True


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something that could not be read."""

    address: Optional[int]
    message: str


@dataclasses.dataclass(frozen=True)
class Task:
    """A task. id is its address, state is "pending", "running", "finished" or "cancelled".

    stack begins with the innermost frame. Of a task that has ended, in a snapshot that was taken
    with such, result or exception is the text of what it returned or raised, secrets hidden. Two
    tasks are equal if all that is known of them is, also if they are of different snapshots.
    """

    id: int
    name: Optional[str]
    type: Optional[str]
    tid: Optional[int]
    interpreter: Optional[int]
    loop: Optional[int]
    state: Optional[str]
    cancel_requests: Optional[int]
    stack: Tuple[Frame, ...]
    awaited_by: Tuple[Awaiter, ...]
    errors: Tuple[Problem, ...]
    result: Optional[str] = None
    exception: Optional[str] = None

    @property
    def waits_for(self) -> Optional[Wait]:
        """What it waits for; None of one that runs. Raises Error if the snapshot was taken without waits."""
        return self._known().wait(self.id)

    @property
    def holds(self) -> Tuple[int, ...]:
        """Ids of the locks and the like that it holds. Raises Error as waits_for does."""
        return self._known().holds(self.id)

    def _known(self) -> Waits:
        waits = self.__dict__.get("_waits")
        if waits is None:
            raise without_waits()
        return waits

    def locals(self) -> Tuple[Dict[str, str], ...]:
        """The variables of each frame of its stack, names and values as text, secrets hidden.

        The process is looked at again: one that runs may have moved on. Raises Error.
        """
        look = self.__dict__.get("_look")
        return look(self.id) if look else ()

    def __getstate__(self) -> Dict[str, object]:
        # Copies and pickles go without the snapshot, which is memory of the library's.
        return {name: value for name, value in self.__dict__.items() if name[0] != "_"}


class _Lazy(collections.abc.Sequence, Generic[_Item]):
    """A sequence that is made when it is first looked at."""

    def __init__(self, make: Callable[[], Tuple[_Item, ...]]) -> None:
        self._make = make
        self._items: Optional[Tuple[_Item, ...]] = None

    def _made(self) -> Tuple[_Item, ...]:
        if self._items is None:
            self._items = self._make()
        return self._items

    def __len__(self) -> int:
        return len(self._made())

    def __getitem__(self, index):
        return self._made()[index]

    def __repr__(self) -> str:
        return repr(self._made())

    def __eq__(self, other: object) -> bool:
        return self._made() == (other._made() if isinstance(other, _Lazy) else other)

    __hash__ = None  # type: ignore[assignment]


class Tasks(collections.abc.Sequence):
    """All tasks of a snapshot, in the order of `asyncio ps`. Each look makes a Task."""

    def __init__(
        self,
        handle: SnapshotHandle,
        count: int,
        waits: Optional[Waits] = None,
        look: Optional[Callable[[int], Tuple[Dict[str, str], ...]]] = None,
    ) -> None:
        self._handle = handle
        self._count = count
        self._waits = waits
        self._look = look
        # Of the place of a frame: many tasks stand at few places.
        self._frames: Dict[int, Frame] = {}
        # Of the number of a thread: many tasks are of few threads.
        self._tids: Dict[int, Optional[int]] = {mirror.NONE: None}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index):
        if isinstance(index, slice):
            return tuple(self._task(i) for i in range(*index.indices(self._count)))
        if not -self._count <= index < self._count:
            raise IndexError("there are %d tasks" % self._count)
        return self._task(index % self._count)

    def __iter__(self) -> Iterator[Task]:
        return map(self._task, range(self._count))

    def __repr__(self) -> str:
        return "<%d tasks>" % self._count

    def of_node(self, node: mirror.CGraphNode) -> Task:
        """The task that a node of a call graph is: maybe a finished one, which is not in here."""
        if node.task != mirror.NONE:
            return self._task(node.task)
        return self._made(self._handle.graph_task(node.id), (), ())

    def _task(self, index: int) -> Task:
        info = self._handle.task(index)
        stack = tuple(self.frame(index, i) for i in range(info.frame_count))
        awaited_by = tuple(self._awaiter(index, i) for i in range(info.awaiter_count))
        return self._made(info, stack, awaited_by)

    def _made(
        self,
        info: mirror.CTaskInfo,
        stack: Tuple[Frame, ...],
        awaited_by: Tuple[Awaiter, ...],
    ) -> Task:
        if info.thread not in self._tids:
            self._tids[info.thread] = self._handle.thread(info.thread).tid or None
        task = Task(
            id=info.id,
            name=text_of(info.name),
            type=text_of(info.type),
            tid=self._tids[info.thread],
            interpreter=info.interpreter if info.interpreter >= 0 else None,
            loop=info.loop or None,
            state=_STATES.get(info.state),
            cancel_requests=_or_none(info.cancel_requests),
            stack=stack,
            awaited_by=awaited_by,
            errors=tuple(_problems(info.problems)),
            result=text_of(info.result),
            exception=text_of(info.exception),
        )
        # For capture_call_graph(); not a field, so that tasks of two snapshots can be equal.
        object.__setattr__(task, "_handle", self._handle)
        object.__setattr__(task, "_waits", self._waits)
        object.__setattr__(task, "_look", self._look)
        return task

    def frame(self, task: int, index: int) -> Frame:
        """A frame of the task of that number: 0 is the innermost."""
        info = self._handle.frame(task, index)
        frame = self._frames.get(info.place)
        if frame is None:
            frame = self._frames[info.place] = Frame(
                function=text_of(info.function),
                file=text_of(info.file),
                kind=_KINDS[info.kind],
                line=_or_none(info.line),
                end_line=_or_none(info.end_line),
                column=_or_none(info.column),
                end_column=_or_none(info.end_column),
            )
        return frame

    def _awaiter(self, task: int, index: int) -> Awaiter:
        info = self._handle.awaiter(task, index)
        return Awaiter(
            id=info.awaiter_id,
            kind="future" if info.awaiter == mirror.NONE else "task",
            source=_SOURCES[info.source],
            via=tuple(info.via[: info.via_count]),
            frame=None if info.frame == mirror.NONE else info.frame,
            waits=not info.only_started,
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot:
    """All tasks at one moment. It stays as it is, whatever becomes of the process.

    complete is False if something could not be read; errors says what, and so do those of the
    tasks. cycles are ids of tasks of which each awaits the next, and the last the first.
    pending_count is the number of tasks that are neither finished nor cancelled.

    Its memory is freed with the last reference to it, to its tasks or to one of them; or by
    close(), or at the end of a with block: then only what was made before stays usable.
    """

    python: Python
    target: Origin
    threads: Sequence[Thread] = dataclasses.field(repr=False)
    tasks: Sequence[Task]
    cycles: Sequence[Tuple[int, ...]] = dataclasses.field(repr=False)
    complete: bool
    errors: Sequence[Problem] = dataclasses.field(repr=False)
    pending_count: int

    if TYPE_CHECKING:
        # Not a field, which is what users see.
        _handle: SnapshotHandle
        _waits: Optional[Waits]

    def __init__(
        self,
        handle: SnapshotHandle,
        waits: Optional[Waits] = None,
        look: Optional[Callable[[int], Tuple[Dict[str, str], ...]]] = None,
    ) -> None:
        info = handle.describe()
        set_once = object.__setattr__
        set_once(self, "_waits", waits)
        set_once(self, "_handle", handle)
        version = ".".join(str(info.hexversion >> shift & 0xFF) for shift in (24, 16, 8))
        debug = None if info.debug < 0 else bool(info.debug)
        python = Python(version, info.hexversion, bool(info.free_threaded), debug)
        set_once(self, "python", python)
        core = info.kind == mirror.TargetKind.TARGET_CORE
        set_once(self, "target", Origin("core" if core else "process", info.pid or None))
        set_once(self, "threads", _Lazy(lambda: tuple(_threads(handle, info.thread_count, waits))))
        set_once(self, "tasks", Tasks(handle, info.task_count, waits, look))
        set_once(self, "cycles", _Lazy(lambda: tuple(_cycles(handle, info.cycle_count))))
        set_once(self, "complete", bool(info.complete))
        set_once(self, "errors", _Lazy(lambda: tuple(_problems(handle.describe().problems))))
        set_once(self, "pending_count", info.pending_count)

    def task(self, task: Union[int, str]) -> Task:
        """The task of that id, or of that name, which only it may have. Raises Error.

        An id may be text, as the commands show it: "0x7f3285910d70". The error of a name has the
        nearest ones, or the ids of those that have it.
        """
        return self.tasks[self._handle.find(hex(task) if isinstance(task, int) else task)]

    @property
    def loops(self) -> Tuple[Loop, ...]:
        """Event loops, also those that do not run. Raises Error if it was taken without waits."""
        return self._known().loops()

    @property
    def verdicts(self) -> Tuple[Verdict, ...]:
        """What is wrong, the worst first. Raises Error if it was taken without waits."""
        return self._known().verdicts()

    def _known(self) -> Waits:
        if self._waits is None:
            raise without_waits()
        return self._waits

    def render(self, format: str = "tree") -> str:
        """The text of `asyncio pstree` ("tree"), `asyncio ps` ("table"), or "json"."""
        chunks: List[str] = []
        sink = Sink(chunks.append, chunks.append)
        self._handle.render(format, sink)
        sink.close()
        return "".join(chunks)

    def close(self) -> None:
        """Free its memory now."""
        self._handle.close()

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def snapshot(
    target: Optional[Target] = None,
    *,
    pid: Optional[int] = None,
    core: Union[str, os.PathLike, None] = None,
    sysroot: Union[str, os.PathLike, None] = None,
    retries: int = 3,
    waits: bool = False,
    finished: bool = False,
) -> Snapshot:
    """Decode all tasks of the selected process or core.

    core is the path of a core file, which needs no debugger. What it lacks is read from the files
    that were mapped, on this machine or below the folder sysroot, if their build ids are those in
    the core.

    With pid, those of that process of this machine, which is not stopped; if something moved so
    that it could not be read, that is tried again as often as retries says. target is for programs
    that bring their own.

    With waits it has what each task waits for and holds, loops, names and stacks of threads, and
    verdicts; without, who asks for these gets an Error. With finished it has also the tasks that have
    ended and that variables of frames still lead to.

    Raises NoTarget if nothing is selected, Error if it is no CPython or one that cannot be read,
    KeyboardInterrupt after Ctrl-C. A damaged task is no error: it is in the snapshot and says what
    is wrong.
    """
    if core is not None:
        target = Core(core, sysroot)
    return take(target, pid, retries, waits=waits, finished=finished)


class Core:
    """A core file, in place of a Target."""

    def __init__(self, path: Union[str, os.PathLike], sysroot: Union[str, os.PathLike, None]):
        self.path = path
        self.sysroot = sysroot


def take(
    target: Union[Target, Core, None] = None,
    pid: Optional[int] = None,
    retries: int = 0,
    future: int = 0,
    waits: bool = False,
    finished: bool = False,
) -> Snapshot:
    """snapshot(), and in it a task or future at some address that nothing else need lead to."""
    library = debugger.library()
    if pid is None and target is None:
        target = debugger.selected_target()

    def look(id: int) -> Tuple[Dict[str, str], ...]:
        wants = mirror.Want.WANT_DETAIL | mirror.Want.WANT_LOCALS
        with _opened(library, target, pid, retries) as handle:
            return tuple(_locals(handle.snapshot(id, wants), id))

    try:
        with _opened(library, target, pid, retries) as handle:
            wants = mirror.Want.WANT_WAITS | mirror.Want.WANT_VERDICTS if waits else 0
            wants |= mirror.Want.WANT_FINISHED if finished else 0
            taken = handle.snapshot(future, wants)
            return Snapshot(taken, Waits(taken) if waits else None, look)
    except Error as error:
        if error.status == mirror.Status.INTERRUPTED:
            raise KeyboardInterrupt from None
        raise


def _opened(library, target, pid, retries):
    if pid is not None:
        return library.open_process(pid, retries, debugger.interrupted)
    if isinstance(target, Core):
        return library.open_core(target.path, target.sysroot, debugger.interrupted)
    return library.open(target)


def _locals(handle: SnapshotHandle, id: int) -> Iterator[Dict[str, str]]:
    """Of each frame of the task that the snapshot was asked for."""
    for frame in range(handle.graph_task(id).frame_count):
        found = {}
        for index in itertools.count():
            try:
                info = handle.local(frame, index)
            except IndexError:
                break
            found[text_of(info.name)] = text_of(info.value)
        yield found


def _frame(entry: Dict[str, Any]) -> Frame:
    return Frame(**{field.name: entry.get(field.name) for field in dataclasses.fields(Frame)})


def _or_none(number: int) -> Optional[int]:
    return None if number < 0 else number


def _problems(first: "ctypes._Pointer[mirror.CProblem]") -> Iterator[Problem]:
    while first:
        problem = first.contents
        address = problem.address if problem.has_address else None
        yield Problem(address, text_of(problem.message))
        first = problem.next


def _threads(handle: SnapshotHandle, count: int, waits: Optional[Waits]) -> Iterator[Thread]:
    for index, info in enumerate(map(handle.thread, range(count))):
        thread = Thread(
            info.tid or None, info.interpreter, info.loop or None, info.running_task or None
        )
        if waits is not None:
            entry = functools.partial(_entry, waits, index)
            object.__setattr__(thread, "_entry", entry)
        yield thread


def _entry(waits: Waits, index: int) -> Dict[str, Any]:
    return waits.document()["threads"][index]


def _cycles(handle: SnapshotHandle, count: int) -> Iterator[Tuple[int, ...]]:
    for index in range(count):
        tasks = range(handle.cycle(index).task_count)
        yield tuple(handle.task(handle.cycle_task(index, i)).id for i in tasks)
