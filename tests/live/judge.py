"""Whether `asyncio why` said of a program what the program knows of itself.

The truth is what a program of tests/programs/sick or healthy prints (sick/service.py), the
document is what `asyncio why --json` prints. Headings are not compared: kinds, levels, ids of
tasks and objects, and lines are.
"""

import json
import os

LEVELS = ("possible", "likely", "certain")
# What is said where nothing is wrong.
QUIET = ("idle",)


def judge(document, truth):
    """All that is wrong with the document, as lines."""
    verdicts = document.get("verdicts")
    if not isinstance(verdicts, list):
        return ["no verdicts in the document"]
    found = []
    for wanted in truth["verdicts"]:
        found += complaints_of(verdicts, wanted)
    return found + unfounded(verdicts, truth)


# What is said because nothing moved for a while, of which a core knows nothing: there it is possible
# at most, or not said.
LASTING = (
    "convoy",
    "exhausted",
    "loop-blocked",
    "loop-gone",
    "loop-starved",
    "stalled",
    "stopped",
    "stuck-at-exit",
    "wont-cancel",
)


def judge_core(document, truth):
    """The same of a core."""
    wanted = [
        dict(one, least=one.get("in_core", one["least"]))
        for one in truth["verdicts"]
        if one["kind"] not in LASTING and one.get("in_core", True) is not None
    ]
    found = [line for one in wanted for line in complaints_of(document["verdicts"], one)]
    sure = [one for one in document["verdicts"] if one["certainty"] != "possible"]
    return found + unfounded(sure, truth)


def complaints_of(verdicts, wanted):
    """What is wrong with that of the verdicts which comes nearest to the wanted one."""
    kinds = [wanted["kind"]] + wanted["or_kinds"]
    answers = [compare(one, wanted) for one in verdicts if one.get("kind") in kinds]
    if not answers:
        said = ", ".join("%s (%s)" % (one.get("kind"), one.get("certainty")) for one in verdicts)
        return ["no %s; said was: %s" % (" or ".join(kinds), said or "nothing")]
    return min(answers, key=len)


def compare(verdict, wanted):
    found = []
    if rank(verdict.get("certainty")) < rank(wanted["least"]):
        found.append("%s, at least %s" % (verdict.get("certainty"), wanted["least"]))
    tasks, objects = named_tasks(verdict), addresses(verdict.get("objects"))
    for name, task in zip(wanted["tasks"], wanted["task_ids"]):
        if task not in tasks:
            found.append("task %s (%s) is not named" % (name, task))
    for alternatives in wanted["objects"]:
        if not objects.intersection(alternatives):
            found.append("object %s is not named" % " or ".join(alternatives))
    for place in wanted["places"]:
        if not any(same_place(one, place) for one in verdict.get("places") or ()):
            found.append("%(function)s %(file)s:%(line)s is not shown" % place)
    whole = json.dumps(verdict)
    if wanted["until"] and "until" not in whole:
        found.append("no deadline is named")
    found += ["%s may end it" % one for one in wanted["unless"] if one not in whole]
    return ["%s: %s" % (verdict["kind"], one) for one in found]


def unfounded(verdicts, truth):
    """Verdicts that are not true, and tasks that are named without a reason."""
    kinds = set(QUIET).union(truth.get("also", ()))
    tasks = set()
    for wanted in truth["verdicts"]:
        kinds.update([wanted["kind"]], wanted["or_kinds"])
        tasks.update(wanted["task_ids"], wanted["behind_ids"], wanted.get("unless_ids", ()))
    found = []
    for verdict in verdicts:
        if verdict.get("certainty") == "possible" and verdict.get("kind") in truth.get("doubtful", ()):
            continue
        line = "%s (%s): %s" % tuple(
            verdict.get(key) for key in ("kind", "certainty", "summary")
        )
        if verdict.get("kind") not in kinds:
            found.append("unfounded: " + line)
        if verdict.get("kind") not in QUIET:
            healthy = sorted(named_tasks(verdict) - tasks)
            found += ["healthy task %s is named in %s" % (one, line) for one in healthy]
    return found


def rank(level):
    return LEVELS.index(level) if level in LEVELS else -1


def addresses(things):
    """Of objects, or tasks, that are given by address or as something with an address."""
    return set(filter(None, map(address, things or ())))


def address(thing):
    if isinstance(thing, dict):
        thing = thing.get("id") or thing.get("object") or thing.get("address") or thing.get("task")
    return thing if isinstance(thing, str) else None


def named_tasks(verdict):
    return addresses(verdict.get("tasks"))


def same_place(shown, wanted):
    """Whether a place is the wanted one: the file by its name, since it was run from a copy."""
    return (
        os.path.basename(shown.get("file") or "") == os.path.basename(wanted["file"])
        and last(shown.get("function")) == last(wanted["function"])
        and wanted["line"] in (None, shown.get("line"))
    )


def last(function):
    return (function or "").rsplit(".", 1)[-1]
