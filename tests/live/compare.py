"""Compare what we show of a process with what the program, or CPython's tool, says of it.

Each function returns a list of differences, one line each; an empty list is perfect agreement.
"""

FRAME_KEYS = ("function", "file", "line", "end_line", "column", "end_column", "kind")
# Longer names are cut: LIMIT_STRING in core/base/ceilings.h.
NAME_CHARACTERS = 65536
TASK_KEYS = ("name", "type", "tid", "interpreter", "loop", "state", "cancel_requests")


def with_program(ours, report):
    """Differences from the program's own report, which knows everything."""
    mine, theirs = by_id(ours["tasks"]), by_id(report["tasks"])
    names = {id: task["name"] for id, task in theirs.items()}
    found = whole_differences(ours, is_complete(report))
    found += ["%s: missing" % label(theirs[id]) for id in theirs if id not in mine]
    found += ["%s: too much" % label(mine[id]) for id in mine if id not in theirs]
    for id in theirs:
        if id in mine:
            found += task_differences(mine[id], theirs[id], names)
    found += thread_differences(ours, report)
    return found


def with_cpython(ours, view):
    """Differences from what CPython's tool sees; in each it may be the one that is wrong."""
    if "error" in view:
        return ["whole command fails: " + view["error"]]
    mine, theirs = by_id(ours["tasks"]), by_id(view["tasks"])
    found = ["%s: missing" % label(mine[id]) for id in mine if id not in theirs]
    found += ["%s: too much" % label(theirs[id]) for id in theirs if id not in mine]
    for id in theirs:
        if id in mine:
            found += view_differences(mine, mine[id], theirs[id])
    return found


def with_live(core, live):
    """Differences of a core from the process it was: none but the target itself."""
    mine, theirs = by_id(core["tasks"]), by_id(live["tasks"])
    keys = [key for key in live if key not in ("target", "tasks")]
    found = ["%s is %r, not %r" % (k, core[k], live[k]) for k in keys if core[k] != live[k]]
    found += [] if list(mine) == list(theirs) else ["other tasks, or another order"]
    for id in theirs:
        for key, value in theirs[id].items():
            if id in mine and mine[id][key] != value:
                pair = (mine[id][key], value)
                found.append("%s: %s is %r, not %r" % ((label(theirs[id]), key) + pair))
    return found


def is_complete(report):
    """False if a stack goes on where nobody can follow it."""
    return not any(frame["kind"] == "foreign" for task in report["tasks"] for frame in task["stack"])


def whole_differences(ours, complete=True):
    found = ["complete is %s" % ours["complete"]] if ours["complete"] is not complete else []
    found += ["error: %s" % error for error in ours["errors"]]
    for task in ours["tasks"]:
        found += ["%s: error: %s" % (label(task), error) for error in task["errors"]]
    return found


def task_differences(mine, theirs, names):
    found = []
    theirs = dict(theirs, name=cut(theirs["name"]))
    for key in TASK_KEYS:
        # The report leaves out what this Python, or the program, does not know.
        if theirs[key] is not None and mine[key] != theirs[key]:
            found.append("%s: %s is %r, not %r" % (label(theirs), key, mine[key], theirs[key]))
    found += stack_differences(label(theirs), mine["stack"], theirs["stack"], FRAME_KEYS)
    found += awaiter_differences(mine, theirs, names)
    return found


def stack_differences(what, mine, theirs, keys):
    """Frame by frame, from the outermost: that is the end that all agree on."""
    found = []
    for depth, (one, other) in enumerate(zip(reversed(mine), reversed(theirs))):
        for key in keys:
            if key in other and one[key] != other[key]:
                where = "frame %d (%s): %s" % (depth, other["function"], key)
                found.append("%s: %s is %r, not %r" % (what, where, one[key], other[key]))
    if len(mine) != len(theirs):
        found.append("%s: stack has %d frames, not %d" % (what, len(mine), len(theirs)))
    return found


def awaiter_differences(mine, theirs, names):
    """Who is there, which of callbacks and asyncio's record says so, and through what future."""
    wanted = {}
    for awaiter in theirs["woken"]:
        wanted[awaiter["id"]] = dict(awaiter, source="callback")
    for id in theirs["recorded"] or ():
        if id in wanted:
            wanted[id]["source"] = "both"
        else:
            wanted[id] = {"kind": "task", "via": [], "source": "awaited_by"}
    found = []
    shown = {awaiter["id"]: awaiter for awaiter in mine["awaited_by"]}
    for id in sorted(set(wanted) | set(shown)):
        what = "%s: awaiter %s" % (label(theirs), names.get(id, "no task"))
        if id not in shown:
            found.append(what + ": missing")
        elif id not in wanted:
            found.append(what + ": too much")
        else:
            for key in ("kind", "source"):
                if shown[id][key] != wanted[id][key]:
                    pair = (shown[id][key], wanted[id][key])
                    found.append("%s: %s is %r, not %r" % ((what, key) + pair))
            # The first future between; asyncio's record can lead from there by a shorter way.
            if shown[id].get("via", [])[:1] != wanted[id]["via"][:1]:
                pair = (shown[id].get("via"), wanted[id]["via"])
                found.append("%s: via is %r, not %r" % ((what,) + pair))
    return found


def thread_differences(ours, report):
    """The report knows the threads that have a loop, no others."""
    mine = {thread["tid"]: thread for thread in ours["threads"] if thread["loop"]}
    theirs = {thread["tid"]: thread for thread in report["threads"]}
    if mine == theirs:
        return []
    return ["threads are %r, not %r" % (list(mine.values()), list(theirs.values()))]


def view_differences(all_mine, mine, theirs):
    found = []
    for key in ("name", "tid"):
        if mine[key] != theirs[key]:
            found.append("%s: %s" % (label(mine), key))
    if stack_differences("", mine["stack"], theirs["stack"], FRAME_KEYS):
        found.append("%s: stack" % label(mine))
    recorded = [a["id"] for a in mine["awaited_by"] if a["source"] != "callback"]
    shown = {awaiter["id"]: awaiter for awaiter in theirs["awaited_by"]}
    for id in sorted(set(recorded) | set(shown)):
        awaiter = all_mine.get(id)
        what = "%s: awaiter %s" % (label(mine), awaiter["name"] if awaiter else "no task")
        if id not in shown:
            found.append(what + ": missing")
        elif id not in recorded:
            found.append(what + ": too much")
        elif awaiter and stack_differences("", awaiter["stack"], shown[id]["stack"], FRAME_KEYS):
            found.append(what + ": stack")
    return found


def by_id(tasks):
    """Tasks by id. None is there twice."""
    found = {task["id"]: task for task in tasks}
    assert len(found) == len(tasks), "a task is listed twice"
    return found


def cut(name):
    return name if len(name) <= NAME_CHARACTERS else name[:NAME_CHARACTERS] + "..."


def label(task):
    name = task["name"] if task["name"] is not None else task["type"]
    return name if len(name) <= 60 else name[:60] + "..."
