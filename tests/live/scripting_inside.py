"""Run inside a debugger by test_scripting.py: everything that aiodbg says, as JSON, in a file."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "frontends"))


def dump(path):
    import aiodbg
    from as_json import as_json

    with aiodbg.snapshot() as snapshot:
        found = {
            "objects": as_json(snapshot),
            "json": json.loads(snapshot.render("json")),
            "tree": snapshot.render(),
            "pending_count": snapshot.pending_count,
        }
    with open(path, "w") as file:
        json.dump(found, file)


def dump_graphs(report, path):
    """What aiodbg says where the program of the report has asked asyncio."""
    import aiodbg

    with open(report) as file:
        graphs = json.load(file)["graphs"]
    found = [aiodbg.format_call_graph(graph["id"], **graph["options"]) for graph in graphs]
    with open(path, "w") as file:
        json.dump(found, file)


def dump_waits(path, **options):
    """What scripts see of waits, locals, loops, threads, verdicts and tasks that have ended."""
    import aiodbg

    with aiodbg.snapshot(waits=True, finished=True, **options) as snapshot:
        found = {
            "waits": {
                hex(task.id): [task.waits_for and task.waits_for.text, task.holds]
                for task in snapshot.tasks
            },
            "locals": {hex(task.id): task.locals() for task in snapshot.tasks if task.waits_for},
            "ended": {
                hex(task.id): [task.name, task.state, task.result, task.exception]
                for task in snapshot.tasks
                if task.state in ("finished", "cancelled")
            },
            "loops": [[hex(loop.id), loop.state, loop.thread] for loop in snapshot.loops],
            "threads": [
                [thread.name, thread.tid, [str(frame) for frame in thread.stack]]
                for thread in snapshot.threads
            ],
            "verdicts": [[verdict.kind, verdict.summary] for verdict in snapshot.verdicts],
        }
    with open(path, "w") as file:
        json.dump(found, file)


def dump_same(path, **options):
    """What scripts see of a program that is stuck, with the keys of `asyncio why --json`."""
    import aiodbg

    with aiodbg.snapshot(waits=True, **options) as snapshot:
        found = {
            "verdicts": [
                [one.kind, one.certainty, one.summary, [hex(id) for id in one.tasks]]
                for one in snapshot.verdicts
            ],
            "loops": [[hex(one.id), one.state, one.thread] for one in snapshot.loops],
            "threads": [
                [one.tid, one.name, [[frame.function, frame.line] for frame in one.stack]]
                for one in snapshot.threads
            ],
            "tasks": {hex(task.id): waits_of(task) for task in snapshot.tasks},
            "locals": {hex(task.id): [dict(one) for one in task.locals()] for task in snapshot.tasks},
        }
    with open(path, "w") as file:
        json.dump(found, file)


def waits_of(task):
    wait = task.waits_for
    holders = [holder.task and hex(holder.task) for holder in wait.holders] if wait else None
    return [wait and wait.kind, wait and wait.text, holders, [hex(held) for held in task.holds]]
