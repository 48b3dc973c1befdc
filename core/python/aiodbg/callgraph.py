# SPDX-License-Identifier: MIT
"""Call graphs of tasks and futures, as asyncio.graph has them inside the program.

Where CPython records who awaits whom (3.14), that is what is shown, as there; where it does not,
what callbacks tell.
"""

import dataclasses
import re
import sys
from typing import Dict, List, Optional, TextIO, Tuple, Union

from . import debugger, mirror, objects
from .library import SnapshotHandle, graph_options
from .target import Sink

_ID = re.compile(r"0[xX][0-9a-fA-F]+$")


@dataclasses.dataclass(frozen=True)
class Future:
    """A future that is no task. id is its address."""

    id: int

    __getstate__ = objects.Task.__getstate__


@dataclasses.dataclass(frozen=True)
class FrameCallGraphEntry:
    """A frame of a call stack."""

    frame: objects.Frame


@dataclasses.dataclass(frozen=True, eq=False)
class FutureCallGraph:
    """A task or future, where it stands, and who awaits it.

    call_stack begins with the innermost frame. Who awaits two things is one object in two places,
    and so is not written out again and again by repr(), nor compared. Who closes a circle of
    awaiters is there once more with neither stack nor awaiters.
    """

    future: Union[objects.Task, Future]
    call_stack: Tuple[FrameCallGraphEntry, ...]
    awaited_by: Tuple["FutureCallGraph", ...] = dataclasses.field(repr=False)


# What the functions take: an object of a snapshot, an address, or a name or address as text.
Subject = Union[objects.Task, Future, int, str]


def capture_call_graph(
    task: Optional[Subject] = None, /, *, depth: int = 1, limit: Optional[int] = None
) -> Optional[FutureCallGraph]:
    """The call graph of a task or future; None if none is given and none is running.

    task is a Task or a Future of a snapshot, which is looked at; or an address, or a task's name,
    for which a new snapshot is taken. Without it: the task that runs in the selected thread, or
    else in any.

    depth leaves out the innermost depth - 1 frames of a running task: as in the program, 1 stands
    for where it is. With limit each call stack has at most abs(limit) frames: the outermost ones,
    or, if it is negative, the innermost. With 0 there are only awaiters.
    """
    handle, id = _find(task)
    if id is None:
        return None
    return _Capture(handle, graph_options(depth, limit)).graph(id)


def format_call_graph(
    task: Optional[Subject] = None, /, *, depth: int = 1, limit: Optional[int] = None
) -> str:
    """The text of `asyncio graph`, which is that of asyncio.format_call_graph() in the program.

    Who awaits two things is written in full once. For the parameters see capture_call_graph(). The
    text is empty if that is None.
    """
    handle, id = _find(task)
    if id is None:
        return ""
    chunks: List[str] = []
    sink = Sink(chunks.append, chunks.append)
    handle.render_graph(id, graph_options(depth, limit), sink)
    sink.close()
    return "".join(chunks).rstrip("\n")


def print_call_graph(
    task: Optional[Subject] = None,
    /,
    *,
    file: Optional[TextIO] = None,
    depth: int = 1,
    limit: Optional[int] = None,
) -> None:
    """Print what format_call_graph() returns, to file or else to sys.stdout."""
    print(format_call_graph(task, depth=depth, limit=limit), file=file or sys.stdout)


def _find(task: Optional[Subject]) -> Tuple[SnapshotHandle, Optional[int]]:
    """A snapshot, and the address of what is meant there."""
    if task is None:
        return _running()
    if isinstance(task, (objects.Task, Future)):
        handle = getattr(task, "_handle", None)
        if handle is not None:
            return handle, task.id
        # A copy.
        task = task.id
    if isinstance(task, str) and _ID.match(task):
        task = int(task, 16)
    if isinstance(task, int):
        return objects.take(future=task)._handle, task
    if not isinstance(task, str):
        raise TypeError("a Task, a Future, an id or a name, not %r" % (task,))
    handle = objects.take()._handle
    return handle, handle.task(handle.find(task)).id


def _running() -> Tuple[SnapshotHandle, Optional[int]]:
    target = debugger.selected_target()
    snapshot = objects.take(target)
    running = [thread for thread in snapshot.threads if thread.running_task is not None]
    # The selected thread comes first.
    running.sort(key=lambda thread: thread.tid != target.tid)
    return snapshot._handle, running[0].running_task if running else None


class _Capture:
    """Makes a graph, each task and future in it once, without recursion: chains may be long."""

    def __init__(self, handle: SnapshotHandle, options: mirror.CGraphOptions) -> None:
        self._handle = handle
        self._options = options
        self._tasks = objects.Tasks(handle, handle.describe().task_count)
        self._made: Dict[int, FutureCallGraph] = {}

    def graph(self, root: int) -> FutureCallGraph:
        # What is being made, from the root on, each with its awaiters; those still to be made
        # are at the end.
        way: List[Tuple[int, List[int], List[FutureCallGraph]]] = []
        way.append((root, self._awaiters(root), []))
        on_the_way = {root}
        while True:
            id, awaiters, graphs = way[-1]
            if len(graphs) < len(awaiters):
                awaiter = awaiters[len(graphs)]
                if awaiter in on_the_way:
                    graphs.append(FutureCallGraph(self._future(awaiter), (), ()))
                elif awaiter in self._made:
                    graphs.append(self._made[awaiter])
                else:
                    way.append((awaiter, self._awaiters(awaiter), []))
                    on_the_way.add(awaiter)
                continue
            stack = self._stack(id, is_root=id == root)
            self._made[id] = FutureCallGraph(self._future(id), stack, tuple(graphs))
            way.pop()
            on_the_way.discard(id)
            if not way:
                return self._made[id]

    def _node(self, id: int, is_root: bool = False) -> mirror.CGraphNode:
        return self._handle.graph_node(id, self._options, is_root)

    def _awaiters(self, id: int) -> List[int]:
        links = (self._handle.graph_link(id, i) for i in range(self._node(id).link_count))
        return [link.awaiter_id for link in links if link.is_shown]

    def _future(self, id: int) -> Union[objects.Task, Future]:
        node = self._node(id)
        if node.is_task:
            return self._tasks.of_node(node)
        future = Future(id)
        object.__setattr__(future, "_handle", self._handle)
        return future

    def _stack(self, id: int, is_root: bool) -> Tuple[FrameCallGraphEntry, ...]:
        node = self._node(id, is_root)
        if node.task == mirror.NONE:
            return ()
        frames = range(node.first_frame, node.end_frame)
        return tuple(FrameCallGraphEntry(self._tasks.frame(node.task, i)) for i in frames)
