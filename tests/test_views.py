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
    """Two of the values that there are, whole, in part, or as globs, and another for each image."""
    document = whole(image)
    values = {value for task in document["tasks"] for value in KEYS[key](document, task)}
    known = sorted(v for v in values if v and not re.search(r"[\0*?[\s'\"\\]", v))
    found = [None]
    for value in known:
        found.append(value)
        if key == "awaited-by" and value.startswith("0x"):
            continue
        if key not in ("thread", "loop", "object", "state", "waits"):
            found += [value[1:4] or value, "*%s" % value[-2:], "[!%s]*" % value[0]]
        found.append("%s*" % value[:2])
    first = NAMES.index(image) % len(found)
    return (found[first:] + found)[:: max(1, len(found) // 2)][:2]


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
    stdlib = stdlib_of(document_of_all)
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


# ---- groups ----


def parent(document, task):
    """The first that waits for a task, or else that has started it."""
    by_id = {each["id"]: each for each in document["tasks"]}
    edges = [edge for edge in task["awaited_by"] if edge["id"] in by_id]
    waiting = [edge for edge in edges if edge.get("waits", True)]
    found = (waiting or edges)[:1]
    return by_id[found[0]["id"]] if found else None


def place(frame):
    return frame["function"], frame["file"], frame["line"]


def chain(document, task, stdlib):
    """Own frames from the root to a task, or None for tasks in a circle."""
    found, seen = [], set()
    while task:
        if task["id"] in seen:
            return None
        seen.add(task["id"])
        frames = [frame for frame in task["stack"] if frame["own"]]
        if wait(task, "kind") in ("executor", "thread") and wait(task, "thread"):
            threads = {thread["tid"]: thread for thread in document["threads"]}
            stack = threads[wait(task, "thread")]["stack"]
            frames = [frame for frame in stack if not is_library(frame, stdlib)] + frames
        found += map(place, frames or task["stack"][:1] + task["stack"][1:][-1:])
        task = parent(document, task)
    return tuple(found)


def seen_of(document, task, stdlib):
    """What people see of a task."""
    shared = wait(task, "kind") not in ("executor", "thread") and (wait(task, "waiters") or 0) > 1
    return (
        state(task),
        wait(task, "kind"),
        shared and wait(task, "object"),
        (task["ready"] or {}).get("started"),
        chain(document, task, stdlib),
    )


def stdlib_of(document):
    files = {frame["file"] for task in document["tasks"] for frame in task["stack"]}
    found = [re.match("(.*/)asyncio/(?:tasks|locks|queues)\\.py$", path or "") for path in files]
    return next((match.group(1) for match in found if match), None)


def numbers_alike(name):
    return re.sub("[0-9]+", "*", name)


def first_own(task):
    return next((frame for frame in reversed(task["stack"]) if frame["own"]), {})


GROUPS = {
    "name": lambda task: task["name"] and numbers_alike(task["name"]),
    "function": lambda task: first_own(task).get("function"),
    "file": lambda task: first_own(task).get("file"),
    "state": state,
    "thread": lambda task: task["tid"] and str(task["tid"]),
    "loop": lambda task: task["loop"],
    "waits": lambda task: wait(task, "kind"),
    "object": lambda task: wait(task, "object"),
}


def test_every_key_that_groups_is_tried():
    text = " ".join(replay("3.14-stuck", "ps --help").stdout.decode().split("--group[=KEY]\n")[1].split())
    keys = re.search(r"KEY is ([^.]*)\.", text).group(1).replace(" or ", ", ").split(", ")
    # Of context variables a live test sees.
    assert keys == list(GROUPS) + ["context"]


@pytest.mark.parametrize("image", NAMES)
def test_groups_by_key(image):
    tasks = [task for task in whole(image)["tasks"] if state(task) in PENDING]
    if image == "3.14-names":
        tasks = [task for task in tasks if (task["name"] or "").isascii()]
    for key, value in GROUPS.items():
        shown = document(image, "ps --json --waits --without state=finished --group=%s" % key)
        groups = shown["groups"]
        counts = [group["count"] for group in groups]
        assert counts == sorted(counts, reverse=True)
        assert sum(counts) == len(shown["tasks"])
        by_id = {task["id"]: task["group"] for task in shown["tasks"]}
        for task in tasks:
            group = groups[by_id[task["id"]]]
            alike = [each for each in tasks if value(each) == value(task)]
            assert {by_id[each["id"]] for each in alike} == {by_id[task["id"]]}
            if image != "3.14-names":
                assert group["count"] == sum(value(each) == value(task) for each in shown["tasks"])
                assert group["value"] == value(task)


@pytest.mark.parametrize("image", NAMES)
def test_order_by_stack(image):
    """The largest group first, and in a group the order of ps."""
    grouped = document(image, "ps --json --group")
    groups = {task["id"]: task["group"] for task in grouped["tasks"]}
    sorted_ids = ids(document(image, "ps --json --sort stack")["tasks"])
    assert sorted_ids == sorted(ids(grouped["tasks"]), key=groups.get)


@pytest.mark.parametrize("image", NAMES)
def test_groups_of_what_is_seen(image):
    tasks = [task for task in whole(image)["tasks"] if state(task) in PENDING]
    stdlib = stdlib_of(whole(image))
    shown = document(image, "ps --json --waits --group --without state=finished")
    by_id = {task["id"]: task["group"] for task in shown["tasks"]}
    groups = {}
    for task in tasks:
        seen = seen_of(whole(image), task, stdlib)
        if seen[-1] is not None:
            groups.setdefault(seen, []).append(by_id[task["id"]])
    # One group for all that look the same, another one for each other look.
    assert all(len(set(found)) == 1 for found in groups.values())
    assert len({found[0] for found in groups.values()}) == len(groups)
    assert sum(group["count"] for group in shown["groups"]) == len(shown["tasks"])
    for top in ("", " --top 2", " --top 0"):
        table = replay(image, "ps --group" + top).stdout.decode()
        counts = [int(count) for count in re.findall(r"^ *(\d+)  \w+ +0x", table, re.MULTILINE)]
        total = re.search(r"^ *(\d+)  tasks? in (\d+) groups?", table, re.MULTILINE)
        left = re.search(r"left out (\d+) groups? of (\d+) task", table)
        left = [int(number) for number in left.groups()] if left else [0, 0]
        if not tasks:
            continue
        assert sum(counts) + left[1] == int(total.group(1)) == len(tasks)
        assert len(counts) + left[0] == int(total.group(2))
        assert left[0] == 0 or len(counts) >= (2 if top else 10)
        for task in tasks:
            if state(task) in STATES[:2] and top == " --top 2":
                assert re.search(r"^ *\d+  %s " % state(task), table, re.MULTILINE)


# ---- the compact tree ----


@pytest.mark.parametrize("image", NAMES)
def test_compact_tree(image):
    document_of_all = whole(image)
    tree = replay(image, "pstree --compact").stdout.decode()
    hidden = [line.strip().startswith("... ") for line in tree.splitlines()]
    assert not any(a and b for a, b in zip(hidden, hidden[1:]))
    for task in document_of_all["tasks"]:
        for frame in task["stack"]:
            if frame["own"] and frame["line"] is not None and plain(frame):
                name = frame["function"].split(".<locals>.")[-1]
                file = frame["file"].split("/")[-1]
                line = r"%s .*%s:%d" % (re.escape(name), re.escape(file), frame["line"])
                assert re.search(line, tree)
    # Each task is drawn, or another one that looks the same stands for it.
    total, factors = 0, []
    for line in tree.split("\n\n")[0].splitlines():
        match = re.match(r"( *)(?:(\d+) x )?\(T\) ", line)
        if not match or re.search(r" \[(?:cycle: )?see (?:above|below)\]$", line):
            continue
        level = len(match.group(1)) // 4
        # What several wait for is there once.
        above = factors[level - 1] if level and "[awaited by" not in line else 1
        factors[level:] = [int(match.group(2) or 1) * above]
        total += factors[-1] if "[continued from above]" not in line else 0
    assert total == len(document_of_all["tasks"])


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
        ("--group waits", "did you mean --group=waits?"),
        ("--group=wait", "did you mean --group=waits?"),
        ("-group", "did you mean --group?"),
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
    sorts = re.search(r"Sort by ([^.]*(?:\.VAR[^.]*)?)\.", text).group(1).replace(" or ", ", ").split(", ")
    with open(os.path.join(HERE, "..", "README.md"), encoding="utf-8") as file:
        table = file.read().split("<!-- keys: ")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\S+)` \| .* \| (yes)? ?\|$", table, re.MULTILINE)
    # One can sort by it only.
    assert [row[0] for row in rows] == keys + ["stack"]
    assert [row[0] for row in rows if row[1]] == sorts
