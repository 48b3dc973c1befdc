# SPDX-License-Identifier: MIT
"""Views of recorded images: what each option shows is what Python makes of the whole document."""

import fnmatch
import itertools
import json
import os
import re

import pytest
from test_images import HERE, NAMES, replay

STATES = ["running", "damaged", "cancelling", "ready", "pending", "finished", "cancelled"]
PENDING = STATES[:5]


def document(image, command):
    result = replay(image, command)
    assert result.returncode == 0, result.stderr.decode()
    return json.loads(result.stdout)


_WHOLE = {}


def whole(image):
    if image not in _WHOLE:
        _WHOLE[image] = document(image, "ps --json --waits")
    return _WHOLE[image]


def ids(tasks):
    return [task["id"] for task in tasks]


# ---- what the options mean, in a few lines each ----


def state(task):
    if task["errors"] or task["state"] is None:
        return "damaged"
    if task["state"] == "pending":
        if (task["cancel_requests"] or 0) > 0:
            return "cancelling"
        if task["ready"]:
            return "ready"
    return task["state"]


def short_name(task):
    """The last two parts of a name that is module plus qualified name."""
    name = task["name"]
    functions = [frame["function"] for frame in task["stack"][-3:]]
    if not name or not any(f and name.endswith("." + f) for f in functions):
        return None
    return ".".join([part for part in name.split(".") if part != "<locals>"][-2:])


def awaiters(document, task):
    """All that wait for a task, directly or not."""
    by_id = {each["id"]: each for each in document["tasks"]}
    found, todo = {}, [task]
    while todo:
        for edge in todo.pop()["awaited_by"]:
            awaiter = by_id.get(edge["id"])
            if awaiter and edge.get("waits", True) and awaiter["id"] not in found:
                found[awaiter["id"]] = awaiter
                todo.append(awaiter)
    return list(found.values())


def wait(task, key):
    return (task["waits_for"] or {}).get(key)


KEYS = {
    "name": lambda document, task: [task["name"], short_name(task)],
    "function": lambda document, task: [frame["function"] for frame in task["stack"]],
    "file": lambda document, task: [frame["file"] for frame in task["stack"]],
    "state": lambda document, task: [state(task)],
    "thread": lambda document, task: [task["tid"] and str(task["tid"])],
    "loop": lambda document, task: [task["loop"]],
    "waits": lambda document, task: [wait(task, "kind")],
    "object": lambda document, task: [wait(task, "object")] + task["holds"],
    "awaited-by": lambda document, task: [
        text for each in awaiters(document, task) for text in (each["id"], each["name"])
    ],
}
EXACT = ("thread", "loop", "object")


def fits(key, value, pattern):
    if value is None or pattern is None:
        return value is not None
    if re.search(r"[*?[]", pattern):
        return fnmatch.fnmatchcase(value, pattern)
    return value == pattern if key in EXACT else pattern in value


def has(document, task, key, pattern):
    return any(fits(key, value, pattern) for value in KEYS[key](document, task))


def counted(text):
    """As people count: Task-9 before Task-10."""
    # In UTF-8 as the library has it: a NUL takes two bytes.
    data = (text or "").encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
    return [
        (ord("0"), int(part)) if part.isdigit() else (part[0], 0)
        for part in re.findall(rb"[0-9]+|[^0-9]", data, re.DOTALL)
    ]


# ---- filters ----


def patterns_of(image, key):
    """Some of the values that there are, whole, in part, and as globs; and none."""
    document = whole(image)
    values = {value for task in document["tasks"] for value in KEYS[key](document, task)}
    plain = sorted(value for value in values if value and not re.search(r"[\0*?[\s'\"\\]", value))
    found = [None] + plain[:2]
    for value in plain[-1:]:
        if key == "awaited-by" and value.startswith("0x"):
            continue
        if key not in ("thread", "loop", "object", "state", "waits"):
            found += [value[1:4] or value, "*%s" % value[-2:], "[!%s]*" % value[0]]
        found.append("%s*" % value[:2])
    return found


def argument(key, pattern):
    return key if pattern is None else "%s=%s" % (key, pattern)


@pytest.mark.parametrize("image", NAMES)
@pytest.mark.parametrize("key", sorted(KEYS))
def test_filters(image, key):
    document_of_all = whole(image)
    for pattern in patterns_of(image, key):
        fitting = [t for t in document_of_all["tasks"] if has(document_of_all, t, key, pattern)]
        others = [t for t in document_of_all["tasks"] if t not in fitting]
        word = argument(key, pattern)
        shown = document(image, "ps --json --waits --with " + word)
        assert ids(shown["tasks"]) == ids(fitting), word
        assert shown["left_out"] == {"filtered": len(others), "cut": 0}
        assert shown["view"]["with"] == [word]
        shown = document(image, "ps --json --waits --without " + word)
        assert ids(shown["tasks"]) == ids(others), word
        assert shown["left_out"] == {"filtered": len(fitting), "cut": 0}


@pytest.mark.parametrize("image", NAMES)
def test_any_of_one_key_and_all_of_several(image):
    document_of_all = whole(image)
    fitting = [
        task
        for task in document_of_all["tasks"]
        if ("1" in (task["name"] or "") or "2" in (task["name"] or ""))
        and state(task) in ("pending", "ready")
        and wait(task, "kind") != "timer"
    ]
    options = "--with name=1 --with state=pending --with name=2 --with state=ready"
    shown = document(image, "ps --json --waits --without waits=timer " + options)
    assert ids(shown["tasks"]) == ids(fitting)


@pytest.mark.parametrize("image", NAMES)
def test_a_tree_keeps_those_who_wait(image):
    """And those who have started a task: it hangs from them too."""
    document_of_all = whole(image)
    by_id = {task["id"]: task for task in document_of_all["tasks"]}
    fitting = [t for t in document_of_all["tasks"] if "1" in (t["name"] or "")]
    kept, todo = set(ids(fitting)), list(fitting)
    while todo:
        for edge in todo.pop()["awaited_by"]:
            if edge["id"] in by_id and edge["id"] not in kept:
                kept.add(edge["id"])
                todo.append(by_id[edge["id"]])
    shown = document(image, "pstree --json --with name=1")
    assert ids(shown["tasks"]) == [t for t in by_id if t in kept]
    assert shown["left_out"]["filtered"] == len(by_id) - len(kept)
    tree = replay(image, "pstree --with name=1").stdout.decode()
    drawn = re.findall(r"^[^\w(]*\(T\) ", tree, re.MULTILINE)
    referred = re.findall(r"\[(?:see|cycle: see|continued from) ", tree)
    assert len(drawn) - len(referred) == len(kept)


# ---- order and cut ----


@pytest.mark.parametrize("image", NAMES)
def test_order(image):
    tasks = whole(image)["tasks"]
    waiters = {o["id"]: o["waiters"] for o in whole(image)["objects"]}
    orders = {
        "name": lambda t: (t["name"] is None, counted(t["name"])),
        "state": lambda t: STATES.index(state(t)),
        "waits": lambda t: (not t["waits_for"], counted(wait(t, "kind"))),
        "object": lambda t: -waiters.get(wait(t, "object"), 0),
    }
    for key, order in orders.items():
        shown = document(image, "ps --json --waits --sort " + key)
        assert ids(shown["tasks"]) == ids(sorted(tasks, key=order)), key


@pytest.mark.parametrize("image", NAMES)
@pytest.mark.parametrize("top", [1, 3, 1000, 0])
def test_cut(image, top):
    tasks = whole(image)["tasks"]
    kept = [t for i, t in enumerate(tasks) if not top or i < top or state(t) in STATES[:2]]
    shown = document(image, "ps --json --waits --top %d" % top)
    assert ids(shown["tasks"]) == ids(kept)
    assert shown["left_out"] == {"filtered": 0, "cut": len(tasks) - len(kept)}
    table = replay(image, "ps --top %d" % top).stdout.decode()
    pending = [t for t in tasks if state(t) in PENDING]
    kept = [t for i, t in enumerate(pending) if not top or i < top or state(t) in STATES[:2]]
    for task in pending:
        found = re.search(r"^\S+ +%s " % task["id"], table, re.MULTILINE)
        assert bool(found) == (task in kept)
    left = re.search(r"^Left out: (\d+) tasks? by --top: --top 0 shows (?:it|them)\.$", table, re.M)
    assert (int(left.group(1)) if left else 0) == len(pending) - len(kept)


@pytest.mark.parametrize("image", NAMES)
def test_ended_tasks_are_listed_if_asked_for(image):
    tasks = whole(image)["tasks"]
    for name in ("finished", "cancelled"):
        table = replay(image, "ps --with state=" + name).stdout.decode()
        shown = set(re.findall(r"^\S+ +(0x\w+) ", table, re.MULTILINE))
        assert shown == {t["id"] for t in tasks if state(t) == name}


# ---- frames ----


def is_library(frame, stdlib):
    path = frame["file"]
    if not path or path.startswith("<frozen"):
        return True
    if "/site-packages/" in path or "/dist-packages/" in path:
        return True
    return bool(stdlib) and path.startswith(stdlib)


def plain(frame):
    """Shown as it is."""
    text = frame["function"] + (frame["file"] or "")
    return text.isascii() and text.isprintable() and len(text) < 200


def shown_frames(task):
    """Outermost first: frames, and numbers of those that are not shown."""
    stack = task["stack"][::-1]
    own = [frame["own"] for frame in stack]
    started = [len(stack) - 1 - place for place in task["started"]]
    last = len(stack) - 1
    stays = [
        own[i] or i == last or i in started or (not any(own) and (i == 0 or i == last - 1))
        for i in range(len(stack))
    ]
    found = []
    for stay, run in itertools.groupby(zip(stays, stack), lambda pair: pair[0]):
        run = [frame for _, frame in run]
        found += run if stay or len(run) == 1 else [len(run)]
    return found


@pytest.mark.parametrize("image", NAMES)
def test_own_frames(image):
    document_of_all = document(image, "ps --json --waits --frames own")
    files = {frame["file"]: frame for t in document_of_all["tasks"] for frame in t["stack"]}
    found = [re.match("(.*/)asyncio/(?:tasks|locks|queues)\\.py$", path or "") for path in files]
    stdlib = next((match.group(1) for match in found if match), None)
    for frame in files.values():
        assert frame["own"] != is_library(frame, stdlib), frame["file"]
    started = {}
    for task in document_of_all["tasks"]:
        for edge in task["awaited_by"]:
            if edge.get("frame") is not None:
                started.setdefault(edge["id"], []).append(edge["frame"])
    table = replay(image, "ps --frames own").stdout.decode()
    tree = replay(image, "pstree --frames own").stdout.decode()
    for task in document_of_all["tasks"]:
        task["started"] = started.get(task["id"], [])
        for one in shown_frames(task):
            if isinstance(one, int):
                assert "... %d frames" % one in tree
            elif one["line"] is not None and one["file"] and plain(one):
                words = (one["function"], one["file"].split("/")[-1])
                line = r"%s .*%s:%d" % (*map(re.escape, words), one["line"])
                assert re.search(line, tree)
        if state(task) in PENDING and not task["started"]:
            row = re.search(r"^\S+ +%s .*" % task["id"], table, re.MULTILINE).group(0)
            parts = [
                "... %d frames" % one if isinstance(one, int) else one["function"]
                for one in reversed(shown_frames(task))
            ]
            if all(plain(one) for one in shown_frames(task) if not isinstance(one, int)):
                assert " -> ".join(parts) in row
    hidden = re.findall(r"^[^.\w]*(\.\.\.)?", tree, re.MULTILINE)
    assert not any(a and b for a, b in zip(hidden, hidden[1:]))


# ---- why ----


@pytest.mark.parametrize("image", [name for name in NAMES if name.endswith("-stuck")])
def test_why_of_some(image):
    whole_text = replay(image, "why").stdout.decode()
    assert whole_text.startswith("DEADLOCK")
    some = replay(image, "why --with name=orders").stdout.decode()
    assert some.startswith("DEADLOCK")
    assert "\n1 task in " in some
    others = replay(image, "why --with waits=timer").stdout.decode()
    assert "DEADLOCK" not in others and "IDLE" not in others
    assert others.startswith("1 more about other tasks.\n")


# ---- what is wrong ----


@pytest.mark.parametrize(
    "line, answer",
    [
        ("--with nmae=1", 'knows no "nmae": did you mean --with name=1?'),
        ("--with wait=lock", 'knows no "wait": did you mean --with waits=lock?'),
        ("--with waits=lok", 'no waits is "lok": did you mean --with waits=lock?'),
        ("--without state=runing", "did you mean --without state=running?"),
        ("--sort thread", '--sort knows no "thread": try name, '),
        ("--with xyzzy", '--with knows no "xyzzy": try name, function, '),
        ("--with name=" + 1001 * "a", "a pattern of more than 1000 characters"),
        ("--with", "--with needs an argument"),
    ],
)
def test_near_misses(line, answer):
    result = replay("3.14-stuck", "ps " + line)
    assert result.returncode == 1
    assert answer in result.stderr.decode()
    assert not result.stdout


def test_a_name_that_is_near():
    result = replay("3.14-stuck", "ps --with name=ordres")
    assert result.returncode == 0
    assert result.stdout.decode().endswith("No task fits: did you mean --with name=orders?\n")


def test_help_and_readme_name_all_keys():
    text = " ".join(replay("3.14-stuck", "ps --help").stdout.decode().split())
    listed = re.search(r"KEY is ([^.]*(?:\.VAR[^.]*)?)\.", text).group(1)
    keys = listed.replace(" or ", ", ").split(", ")
    sorts = re.search(r"Sort by ([^.]*)\.", text).group(1).replace(" or ", ", ").split(", ")
    with open(os.path.join(HERE, "..", "README.md"), encoding="utf-8") as file:
        table = file.read().split("<!-- keys: ")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\S+)` \| .* \| (yes)? ?\|$", table, re.MULTILINE)
    assert [row[0] for row in rows] == keys
    assert [row[0] for row in rows if row[1]] == sorts
