"""Run by the target's own Python, inside the root: what CPython's tool sees of a process, as JSON.

This is the data that `python -m asyncio ps` and `pstree` print. Frames run innermost first.
"""

import json
import sys

from _remote_debugging import RemoteUnwinder


def frame(info):
    """3.14 has a line number, 3.15 a location."""
    if hasattr(info, "location"):
        # Columns that are not known are -1.
        line, end_line, column, end_column = (n if n != -1 else None for n in info.location)
        position = {"line": line, "end_line": end_line, "column": column, "end_column": end_column}
    else:
        position = {"line": info.lineno}
    return dict(position, function=info.funcname, file=info.filename)


def frames(coroutines):
    return [frame(info) for coroutine in coroutines for info in coroutine.call_stack]


def task(thread, info):
    return {
        "id": hex(info.task_id),
        "name": info.task_name,
        "tid": thread.thread_id,
        "stack": frames(info.coroutine_stack),
        # task_name of an awaiter is its id.
        "awaited_by": [
            {"id": hex(awaiter.task_name), "stack": frames([awaiter])}
            for awaiter in info.awaited_by
        ],
    }


def view(pid):
    try:
        threads = RemoteUnwinder(pid).get_all_awaited_by()
    except Exception as error:
        while error.__context__ is not None:
            error = error.__context__
        return {"error": str(error)}
    return {"tasks": [task(thread, info) for thread in threads for info in thread.awaited_by]}


json.dump(view(int(sys.argv[1])), sys.stdout)
