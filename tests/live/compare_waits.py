"""Compare what we show of waits, holders and locals with what a program says of itself.

Each function returns a list of differences, one line each; an empty list is perfect agreement.
tests/programs/truth.py and locals.py say what the programs write.
"""

import json

SECONDS_TOLERATED = 0.05
EXACT_WORDS = ("exact", "certain")


# --- What each waits for -------------------------------------------------------------------------


def waits(shown, truth, clock=None):
    """Differences of all tasks and threads. clock: when it was looked at: (at least, at most)."""
    mine = {task["id"]: task for task in shown["tasks"]}
    found = []
    for theirs in truth["tasks"]:
        if theirs["id"] not in mine:
            found.append("%s: missing" % theirs["name"])
        else:
            found += of_one(mine[theirs["id"]].get("waits_for"), theirs, clock)
    mine = {thread["tid"]: thread for thread in shown["threads"]}
    for theirs in truth["threads"]:
        if theirs["id"] not in mine:
            found.append("thread %s: missing" % theirs["name"])
        else:
            found += of_one(mine[theirs["id"]].get("waits_for"), theirs, None)
    return found


def of_one(mine, theirs, clock):
    name = theirs["name"]
    if not theirs["kind"]:
        return []
    if mine is None:
        # What a running task waits for may be said of its thread alone.
        return [] if theirs.get("running") else ["%s: waits for nothing" % name]
    found = []
    if mine["kind"] not in theirs["kind"]:
        found.append("%s: kind is %r, not %r" % (name, mine["kind"], theirs["kind"]))
    if theirs["object"] and mine["object"] not in theirs["object"]:
        found.append("%s: object is %r, not %r" % (name, mine["object"], theirs["object"]))
    for key in ("thread", "place", "waiters", "fd", "peer"):
        if key in theirs and mine.get(key) != theirs[key]:
            found.append("%s: %s is %r, not %r" % (name, key, mine.get(key), theirs[key]))
    if theirs.get("says", "") not in (mine.get("text") or ""):
        found.append("%s: says %r, not %r" % (name, mine.get("text"), theirs["says"]))
    if "holders" in theirs:
        found += one_waits_holders(mine, theirs)
    if "deadline_at" in theirs:
        found += deadline_differences(mine, theirs, clock)
    return found


def one_waits_holders(mine, theirs):
    shown = {who(one): one["certainty"] in EXACT_WORDS for one in mine["holders"] or ()}
    known = {who(one): one["certainty"] == "exact" for one in theirs["holders"]}
    if shown == known:
        return []
    return ["%s: holders are %r, not %r" % (theirs["name"], shown, known)]


def deadline_differences(mine, theirs, clock):
    name, at = theirs["name"], theirs["deadline_at"]
    shown, left = mine.get("deadline_at"), mine.get("deadline")
    if at is None or shown is None:
        return [] if shown == at else ["%s: deadline is at %r, not %r" % (name, shown, at)]
    found = []
    if abs(shown - at) > SECONDS_TOLERATED:
        found.append("%s: deadline is at %r, not %r" % (name, shown, at))
    if clock is None:
        return found
    if left is None:
        return found + ["%s: no deadline from now" % name]
    least, most = at - clock[1] - SECONDS_TOLERATED, at - clock[0] + SECONDS_TOLERATED
    if not least <= left <= most:
        found.append("%s: deadline is in %r, not %r to %r" % (name, left, least, most))
    return found


def who(holder):
    """The task's id, or the thread's."""
    return holder["task"] if holder.get("task") is not None else holder["thread"]


# --- Who holds what ------------------------------------------------------------------------------


def holders(shown, truth):
    """Differences of all locks."""
    found = []
    for lock in truth["locks"]:
        found += holders_of(shown, lock)
    return found


class Shown:
    """All that is shown of one lock.

    named: the holders that those who wait for it name, with certainty and evidence. holds: tasks
    and threads that are said to hold it. waited_for: by anyone.
    """

    def __init__(self, shown, names):
        self.named, self.holds, self.waited_for = {}, set(), False
        for key, entries in (("id", shown["tasks"]), ("tid", shown["threads"])):
            for entry in entries:
                if names.intersection(entry.get("holds") or ()):
                    self.holds.add(entry[key])
                wait = entry.get("waits_for")
                if wait and wait["object"] in names and not entry_is_back(wait):
                    self.waited_for = True
                    self.named.update((who(one), one) for one in wait["holders"] or ())


def entry_is_back(wait):
    """True of who waits for a condition to be notified: the lock is not what it waits for."""
    return wait["kind"] == "condition"


def holders_of(shown, lock):
    one = Shown(shown, {lock["object"], *lock["also"]})
    found = []
    for holder in lock["holders"]:
        found += holder_differences(lock["name"], holder, one)
    known = {who(holder) for holder in lock["holders"]}
    certainties = {holder["certainty"] for holder in lock["holders"]}
    for id in sorted(set(one.named) | one.holds, key=str):
        entry = one.named.get(id)
        exact = id in one.holds if entry is None else is_exact(entry)
        if id in known:
            continue
        if id in lock["waiters"]:
            found.append("%s: %s waits, and is called a holder" % (lock["name"], id))
        elif exact or certainties & {"exact", "either"} or not lock["locked"]:
            found.append("%s: %s is called a holder" % (lock["name"], id))
    return found


def holder_differences(name, holder, one):
    id, wanted = who(holder), holder["certainty"]
    entry = one.named.get(id)
    missing = ["%s: holder %s is missing" % (name, id)]
    if wanted == "exact":
        if id not in one.holds or (one.waited_for and entry is None):
            return missing
        if entry and not is_exact(entry):
            return ["%s: holder %s is %s, not exact" % (name, id, entry["certainty"])]
    if wanted in ("either", "candidate") and one.waited_for and entry is None:
        return missing
    if wanted in ("candidate", "maybe") and entry and is_exact(entry):
        return ["%s: holder %s is exact: only a guess can be right" % (name, id)]
    return line_differences(name, holder, entry)


def is_exact(entry):
    return entry["certainty"] in EXACT_WORDS


def line_differences(name, holder, entry):
    """The place shown is the line of the `with`."""
    evidence = json.dumps(entry.get("evidence")) if entry else ""
    if holder["line"] is None or ".py" not in evidence:
        return []
    right = ["holders.py:%d" % holder["line"], '"line": %d' % holder["line"]]
    if any(one in evidence for one in right):
        return []
    return ["%s: evidence %s does not name line %d" % (name, evidence, holder["line"])]


# --- Locals --------------------------------------------------------------------------------------


def variables(shown, truth):
    """Differences of the locals of all frames."""
    mine = {task["id"]: task["stack"] for task in shown["tasks"]}
    found = []
    for theirs in truth["tasks"]:
        if theirs["id"] not in mine:
            found.append("%s: missing" % theirs["name"])
        else:
            found += frames(theirs["name"], mine[theirs["id"]], theirs["frames"])
    mine = {thread["tid"]: thread for thread in shown["threads"]}
    for theirs in truth["threads"]:
        stack = mine.get(theirs["id"], {}).get("stack")
        if stack is None:
            found.append("thread %s: missing" % theirs["name"])
        else:
            found += frames(theirs["name"], stack, theirs["frames"])
    return found


def frames(name, mine, theirs):
    """Frame by frame from the outermost of theirs; mine may have more on both ends."""
    found = []
    wanted = [(one["function"], one["line"]) for one in theirs]
    shown = [(last_name(one["function"]), one["line"]) for one in mine]
    start = next((n for n in range(len(shown)) if shown[n : n + len(wanted)] == wanted), None)
    if start is None:
        return ["%s: frames are %r, not %r" % (name, shown, wanted)]
    for one, other in zip(mine[start:], theirs):
        if other["optimized"]:
            found += of_frame("%s: %s" % (name, other["function"]), one, other["locals"])
    return found


def last_name(function):
    """A code's own name, from the qualified one."""
    return function.rsplit(".", 1)[-1]


def of_frame(what, frame, theirs):
    if frame.get("locals") is None:
        return ["%s: no locals" % what]
    mine = normal(frame["locals"])
    found = ["%s: %s is missing" % (what, name) for name in theirs if name not in mine]
    found += ["%s: %s is too much" % (what, name) for name in mine if name not in theirs]
    for name in theirs:
        if name in mine and mine[name] != tuple(theirs[name]):
            found.append("%s: %s is %r, not %r" % (what, name, mine[name], theirs[name]))
    return found


def normal(entries):
    """{name: (address, type)}, from a list of variables or a dict of them."""
    if isinstance(entries, dict):
        entries = [dict(one, name=name) for name, one in entries.items()]
    return {one["name"]: (one["address"], one["type"]) for one in entries}
