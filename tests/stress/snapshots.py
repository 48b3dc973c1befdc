"""How many snapshots of a running churn.py are whole, and how many of those are right.

    snapshots.py PID [COUNT [RETRIES]]

Through the library, or, if this Python has it (3.14 and later), as `python -m asyncio pstree` does,
whose data it takes: run it with the target's own Python, in its root folder, for that. Prints
counts: whole, or an answer; torn, or an error; and what is wrong with what passes for whole: a name
that churn.py does not give, an edge to another task than the name says, a task of those that stay
that is missing. Run both on the same process, one after the other.
"""

import collections
import itertools
import json
import os
import re
import sys
import time

# Those that stay, four workers, and main.
STILL = 55
NAME = re.compile(r"(STILL)?(\d+)<(\d*)$")
# asyncio.wait_for() makes a task of its own up to 3.11.
UNNAMED = re.compile(r"Task-\d+$")


def mistakes(tasks):
    """tasks: for each id its name and the ids of its awaiters, None for no task."""
    found, still = set(), 0
    for name, awaiters in tasks.values():
        match = NAME.match(name or "")
        if not match:
            found |= set() if UNNAMED.match(name or "") else {"name"}
            continue
        still += match.group(1) is not None
        for awaiter in awaiters:
            other = NAME.match(tasks.get(awaiter, ("", ()))[0] or "")
            if other and other.group(2) != match.group(3):
                found.add("edge")
    if still != STILL:
        found.add("those that stay: %d" % still)
    return found


def of_library(pid, retries):
    """A function that takes a snapshot and returns its tasks, or None if it is torn."""
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "core"))
    from aiodbg import Sink, load_library

    handle = load_library().open_process(pid, retries=retries)

    def take():
        parts = []
        with handle.snapshot() as snapshot:
            sink = Sink(parts.append, print)
            snapshot.render("json", sink)
            sink.close()
        shown = json.loads("".join(parts))
        if not shown["complete"]:
            return None
        return {
            task["id"]: (task["name"], [each["id"] for each in task["awaited_by"]])
            for task in shown["tasks"]
        }

    return take


def of_cpython(pid, retries):
    """The same with what is behind `python -m asyncio`, which retries like that from 3.15 on."""
    from asyncio import tools

    def take():
        for _ in range(retries + 1):
            try:
                threads = tools.get_all_awaited_by(pid)
            except (RuntimeError, OSError, UnicodeDecodeError, MemoryError):
                continue
            tasks = itertools.chain.from_iterable(thread.awaited_by for thread in threads)
            return {
                task.task_id: (task.task_name, [each.task_name for each in task.awaited_by])
                for task in tasks
            }
        return None

    return take


def main():
    pid = int(sys.argv[1])
    count, retries = (int(word) for word in (sys.argv[2:] + ["1000", "3"][len(sys.argv) - 2 :]))
    try:
        import _remote_debugging  # noqa: F401

        take = of_cpython(pid, retries)
    except ImportError:
        take = of_library(pid, retries)
    counts, seconds = collections.Counter(), 0.0
    for _ in range(count):
        start = time.perf_counter()
        tasks = take()
        seconds += time.perf_counter() - start
        found = set() if tasks is None else mistakes(tasks)
        counts["torn" if tasks is None else "whole"] += 1
        counts["whole but wrong"] += bool(found)
        counts.update("  " + each for each in found)
        # Not always at the same place of a round.
        time.sleep(0.003)
    for what in ("whole", "torn", "whole but wrong"):
        print("%-16s %d" % (what, counts.pop(what, 0)))
    for what, number in sorted(counts.items()):
        print("%-16s %d" % (what, number))
    print("%-16s %.2f ms" % ("each", seconds / count * 1000))


if __name__ == "__main__":
    main()
