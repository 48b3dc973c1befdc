# SPDX-License-Identifier: MIT
"""What the options of views mean, in a few lines of Python each, and whether a listing shows that.

ask(line) runs a command on one and the same snapshot and gives its output: a recorded image's, or a
stopped process's. Each check compares it with what Python makes of the whole document of it.
"""

import fnmatch
import itertools
import json
import re

STATES = ["running", "damaged", "cancelling", "ready", "pending", "finished", "cancelled"]
PENDING = STATES[:5]


class Shown:
    """One snapshot: ask, and its whole document."""

    def __init__(self, ask):
        self.ask = ask
        self.whole = self.document("ps --json --waits")

    def document(self, line):
        return json.loads(self.ask(line))

    @property
    def tasks(self):
        return self.whole["tasks"]

    @property
    def pending(self):
        return [task for task in self.tasks if state(task) in PENDING]


def ids(tasks):
    return [task["id"] for task in tasks]


# ---- what the options mean ----


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


def patterns_of(document, key, turn):
    """Two of the values that there are, whole, in part, or as globs; others for another turn."""
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
    first = turn % len(found)
    return (found[first:] + found)[:: max(1, len(found) // 2)][:2]


def argument(key, pattern):
    return key if pattern is None else "%s=%s" % (key, pattern)


def asks_for_ended(key, pattern):
    return key == "state" and pattern and any(fits(key, one, pattern) for one in STATES[5:])


def check_filters(shown, key, turn):
    for pattern in patterns_of(shown.whole, key, turn):
        fitting = [task for task in shown.tasks if has(shown.whole, task, key, pattern)]
        others = [task for task in shown.tasks if task not in fitting]
        word = argument(key, pattern)
        found = shown.document("ps --json --waits --with " + word)
        if asks_for_ended(key, pattern):
            # Those are looked for, too.
            assert {task["id"] for task in found["tasks"]} >= set(ids(fitting))
            assert all(fits(key, state(task), pattern) for task in found["tasks"])
            continue
        assert ids(found["tasks"]) == ids(fitting), word
        assert found["left_out"] == {"filtered": len(others), "cut": 0}
        assert found["view"]["with"] == [word]
        found = shown.document("ps --json --waits --without " + word)
        assert ids(found["tasks"]) == ids(others), word
        assert found["left_out"] == {"filtered": len(fitting), "cut": 0}
    # Of the last one, to save time.
    if asks_for_ended(key, pattern):
        return
    if turn % 2:
        check_tree(shown, "--with " + word, fitting)
    else:
        check_tree(shown, "--without " + word, others)


def check_any_of_one_key_and_all_of_several(shown):
    fitting = [
        task
        for task in shown.tasks
        if ("1" in (task["name"] or "") or "2" in (task["name"] or ""))
        and state(task) in ("pending", "ready")
        and wait(task, "kind") != "timer"
    ]
    options = "--with name=1 --with state=pending --with name=2 --with state=ready"
    found = shown.document("ps --json --waits --without waits=timer " + options)
    assert ids(found["tasks"]) == ids(fitting)


def check_tree(shown, options, fitting):
    """It keeps those who wait, and those who have started a task: it hangs from them too."""
    by_id = {task["id"]: task for task in shown.tasks}
    kept, todo = set(ids(fitting)), list(fitting)
    while todo:
        for edge in todo.pop()["awaited_by"]:
            if edge["id"] in by_id and edge["id"] not in kept:
                kept.add(edge["id"])
                todo.append(by_id[edge["id"]])
    found = shown.document("pstree --json --waits " + options)
    assert ids(found["tasks"]) == [task for task in by_id if task in kept], options
    assert found["left_out"] == {"filtered": len(by_id) - len(kept), "cut": 0}
    tree = shown.ask("pstree " + options)
    drawn = re.findall(r"^[^\w(]*\(T\) ", tree, re.MULTILINE)
    referred = re.findall(r"\[(?:see|cycle: see|continued from) ", tree)
    assert len(drawn) - len(referred) == len(kept), options


# ---- order and cut ----


def check_order(shown):
    waiters = {o["id"]: o["waiters"] for o in shown.whole["objects"]}
    orders = {
        "name": lambda t: (t["name"] is None, counted(t["name"])),
        "state": lambda t: STATES.index(state(t)),
        "waits": lambda t: (not t["waits_for"], counted(wait(t, "kind"))),
        "object": lambda t: -waiters.get(wait(t, "object"), 0),
    }
    for key, order in orders.items():
        for command in ("ps", "pstree"):
            found = shown.document("%s --json --waits --sort %s" % (command, key))
            assert ids(found["tasks"]) == ids(sorted(shown.tasks, key=order)), (command, key)


def kept_of(tasks, top):
    return [t for i, t in enumerate(tasks) if not top or i < top or state(t) in STATES[:2]]


def check_cut(shown, top):
    kept = kept_of(shown.tasks, top)
    found = shown.document("ps --json --waits --top %d" % top)
    assert ids(found["tasks"]) == ids(kept)
    assert found["left_out"] == {"filtered": 0, "cut": len(shown.tasks) - len(kept)}
    table = shown.ask("ps --top %d" % top)
    kept = kept_of(shown.pending, top)
    for task in shown.pending:
        row = re.search(r"^\S+ +%s " % task["id"], table, re.MULTILINE)
        assert bool(row) == (task in kept)
    left = re.search(r"^Left out: (\d+) tasks? by --top: --top 0 shows (?:it|them)\.$", table, re.M)
    assert (int(left.group(1)) if left else 0) == len(shown.pending) - len(kept)
    # A tree keeps those who wait, and so may show more.
    found = shown.document("pstree --json --waits --top %d" % top)
    assert set(ids(found["tasks"])) >= set(ids(kept_of(shown.tasks, top)))
    assert found["left_out"]["cut"] == len(shown.tasks) - len(found["tasks"])


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


def check_own_frames(shown):
    document_of_all = shown.document("ps --json --waits --frames own")
    files = {frame["file"]: frame for t in document_of_all["tasks"] for frame in t["stack"]}
    stdlib = stdlib_of(document_of_all)
    for frame in files.values():
        assert frame["own"] != is_library(frame, stdlib), frame["file"]
    started = {}
    for task in document_of_all["tasks"]:
        for edge in task["awaited_by"]:
            if edge.get("frame") is not None:
                started.setdefault(edge["id"], []).append(edge["frame"])
    table = shown.ask("ps --frames own")
    tree = shown.ask("pstree --frames own")
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


def check_own_frames_of_one_task(shown):
    """Of the one of which most is hidden."""
    tasks = [task for task in shown.pending if all(map(plain, task["stack"]))]
    for task in tasks:
        task["started"] = [
            edge["frame"]
            for other in shown.tasks
            for edge in other["awaited_by"]
            if edge["id"] == task["id"] and edge.get("frame") is not None
        ]
    hidden = [sum(one for one in shown_frames(t) if isinstance(one, int)) for t in tasks]
    if not any(hidden):
        return
    task = tasks[hidden.index(max(hidden))]
    # Innermost first. Of a frame that others hang from a stack alone says nothing.
    task["started"] = []
    frames = shown_frames(task)[::-1]
    for command in ("graph", "task"):
        whole = shown.ask("%s %s" % (command, task["id"]))
        if command == "graph" and whole.split("Awaited by:")[0].count(" File '") < len(task["stack"]):
            # As CPython's own, it ends at greenlets and what Cython has compiled.
            continue
        assert "... " not in re.split("Call stack:|Stack, ", whole)[1].split("\n\n")[0]
        text = shown.ask("%s %s --frames own" % (command, task["id"]))
        stack = text.split("Call stack:\n" if command == "graph" else "\nStack, ")[1]
        place = -1
        for one in frames:
            if isinstance(one, int):
                # Compiled ones are of no file.
                pattern = r"\.\.\. %d frames(?:: \w|\n)" % one
            else:
                parts = map(re.escape, (one["function"], one["file"] or "", str(one["line"])))
                pattern = (
                    r"{1}', line {2}, in .*{0}\(\)" if command == "graph" else r"{0} {1}:{2}\n"
                ).format(*parts)
            found = re.compile(pattern).search(stack, place + 1)
            assert found, (command, task["id"], one)
            place = found.start()
    names = [frame["function"] for frame in task["stack"]]
    text = shown.ask("why %s --frames all" % task["id"]).split("\n")
    lines = [line.split()[0] for line in text if line.startswith(" " * 10)]
    assert lines[: len(names)] == names, text


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
        if task.get("request"):
            found.append(numbers_alike(task["request"]))
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


def check_groups_by_key(shown, hostile=False):
    """hostile: names are shown escaped or shortened, and then may be the same."""
    tasks = shown.pending
    if hostile:
        tasks = [task for task in tasks if (task["name"] or "").isascii()]
    for key, value in GROUPS.items():
        line = "ps --json --waits --without state=finished --group=%s" % key
        found = shown.document(line)
        groups = found["groups"]
        counts = [group["count"] for group in groups]
        assert counts == sorted(counts, reverse=True)
        assert sum(counts) == len(found["tasks"])
        by_id = {task["id"]: task["group"] for task in found["tasks"]}
        for task in tasks:
            group = groups[by_id[task["id"]]]
            alike = [each for each in tasks if value(each) == value(task)]
            assert {by_id[each["id"]] for each in alike} == {by_id[task["id"]]}
            if not hostile:
                assert group["count"] == sum(value(each) == value(task) for each in found["tasks"])
                assert group["value"] == value(task)


def check_order_by_stack(shown):
    """The largest group first, and in a group the order of ps."""
    grouped = shown.document("ps --json --group")
    groups = {task["id"]: task["group"] for task in grouped["tasks"]}
    sorted_ids = ids(shown.document("ps --json --sort stack")["tasks"])
    assert sorted_ids == sorted(ids(grouped["tasks"]), key=groups.get)


def check_groups_of_what_is_seen(shown):
    stdlib = stdlib_of(shown.whole)
    found = shown.document("ps --json --waits --group --without state=finished")
    by_id = {task["id"]: task["group"] for task in found["tasks"]}
    # Those are read for groups only.
    requests = {task["id"]: task.get("request") for task in found["tasks"]}
    for task in shown.tasks:
        task["request"] = requests.get(task["id"])
    groups = {}
    for task in shown.pending:
        seen = seen_of(shown.whole, task, stdlib)
        if seen[-1] is not None:
            groups.setdefault(seen, []).append(by_id[task["id"]])
    # One group for all that look the same, another one for each other look.
    assert all(len(set(places)) == 1 for places in groups.values())
    assert len({places[0] for places in groups.values()}) == len(groups)
    assert sum(group["count"] for group in found["groups"]) == len(found["tasks"])
    for top in ("", " --top 2", " --top 0"):
        table = shown.ask("ps --group" + top)
        counts = [int(count) for count in re.findall(r"^ *(\d+)  \w+ +0x", table, re.MULTILINE)]
        total = re.search(r"^ *(\d+)  tasks? in (\d+) groups?", table, re.MULTILINE)
        left = re.search(r"left out (\d+) groups? of (\d+) task", table)
        left = [int(number) for number in left.groups()] if left else [0, 0]
        if not shown.pending:
            continue
        assert sum(counts) + left[1] == int(total.group(1)) == len(shown.pending)
        assert len(counts) + left[0] == int(total.group(2))
        assert left[0] == 0 or len(counts) >= (2 if top else 10)
        for task in shown.pending:
            if state(task) in STATES[:2] and top == " --top 2":
                assert re.search(r"^ *\d+  %s " % state(task), table, re.MULTILINE)


# ---- threads ----


def thread_wait(thread, key):
    return thread["state"] == "waits" and (thread["waits_for"] or {}).get(key) or None


def own_of(thread, stdlib):
    return [frame for frame in thread["stack"] if not is_library(frame, stdlib)]


THREAD_STATES = ["runs", "in C", "waits", "select", "idle worker", None]
THREAD_KEYS = {
    "name": lambda thread: [thread["name"]],
    "function": lambda thread: [frame["function"] for frame in thread["stack"]],
    "file": lambda thread: [frame["file"] for frame in thread["stack"]],
    "state": lambda thread: [thread["state"]],
    "thread": lambda thread: [thread["tid"] and str(thread["tid"])],
    "loop": lambda thread: [thread["loop"]],
    "waits": lambda thread: [thread_wait(thread, "kind")],
    "object": lambda thread: [thread_wait(thread, "object")] + thread["holds"],
}
# What has several values is grouped by one of them.
THREAD_GROUPS = dict(
    {key: lambda thread, stdlib, of=of: of(thread)[0] for key, of in THREAD_KEYS.items()},
    name=lambda thread, stdlib: thread["name"] and numbers_alike(thread["name"]),
    function=lambda thread, stdlib: (own_of(thread, stdlib) or [{}])[-1].get("function"),
    file=lambda thread, stdlib: (own_of(thread, stdlib) or [{}])[-1].get("file"),
)
THREAD_ORDERS = {
    "name": lambda thread, waiters: (thread["name"] is None, counted(thread["name"])),
    "state": lambda thread, waiters: THREAD_STATES.index(thread["state"]),
    "waits": lambda t, waiters: (not thread_wait(t, "kind"), counted(thread_wait(t, "kind"))),
    "object": lambda thread, waiters: -waiters.get(thread_wait(thread, "object"), 0),
}


def tids(threads):
    return [thread["tid"] for thread in threads]


def thread_has(thread, key, pattern):
    return any(fits(key, value, pattern) for value in THREAD_KEYS[key](thread))


def check_filters_of_threads(shown, turn):
    threads = shown.document("threads --json")["threads"]
    for key, of in THREAD_KEYS.items():
        values = {value for thread in threads for value in of(thread) if value}
        known = sorted(v for v in values if not re.search(r"[\0*?[\s'\"\\]", v))
        some = known[turn % len(known)] if known else "x"
        if key in ("state", "waits") and not known:
            continue
        for option, pattern in (("with", None), ("with", some), ("without", some[:3] + "*")):
            word = argument(key, pattern)
            fitting = [thread for thread in threads if thread_has(thread, key, pattern)]
            others = [thread for thread in threads if thread not in fitting]
            kept, left = (fitting, others) if option == "with" else (others, fitting)
            found = shown.document("threads --json --%s %s" % (option, word))
            assert tids(found["threads"]) == tids(kept), (option, word)
            assert found["left_out"] == {"filtered": len(left), "cut": 0}
            assert found["view"][option] == [word]
        table = shown.ask("threads --%s %s" % (option, word))
        assert len(re.findall(r"^(?:\d+|-)  ", table, re.MULTILINE)) == len(kept)
    fitting = [
        thread
        for thread in threads
        if thread["state"] in ("waits", "select") and not thread_has(thread, "function", "wait")
    ]
    options = "--with state=waits --with state=select --without function=wait"
    assert tids(shown.document("threads --json " + options)["threads"]) == tids(fitting)


def check_order_of_threads(shown):
    threads = shown.document("threads --json")["threads"]
    waiters = {o["id"]: o["waiters"] for o in shown.whole["objects"]}
    for key, order in THREAD_ORDERS.items():
        ordered = sorted(threads, key=lambda thread: order(thread, waiters))
        for top in (0, 2):
            kept = [
                thread
                for i, thread in enumerate(ordered)
                if not top or i < top or thread["state"] == "runs"
            ]
            found = shown.document("threads --json --sort %s --top %d" % (key, top))
            assert tids(found["threads"]) == tids(kept)
            assert found["left_out"] == {"filtered": 0, "cut": len(threads) - len(kept)}


def check_groups_of_threads(shown):
    stdlib = stdlib_of(shown.whole)
    threads = shown.document("threads --json")["threads"]
    for key, value in THREAD_GROUPS.items():
        found = shown.document("threads --json --group=" + key)
        groups = {}
        for thread in found["threads"]:
            groups.setdefault(value(thread, stdlib), []).append(thread["group"])
        assert all(len(set(places)) == 1 for places in groups.values()), key
        for wanted, places in groups.items():
            group = found["groups"][places[0]]
            assert group["count"] == len(places)
            assert group["value"] == wanted
    found = shown.document("threads --json --group")
    counts = [group["count"] for group in found["groups"]]
    assert sum(counts) == len(threads) and counts == sorted(counts, reverse=True)
    groups = {}
    for thread in found["threads"]:
        object = thread_wait(thread, "object")
        shared = object and (thread["waits_for"]["waiters"] or 0) > 1
        # Of a library's the innermost.
        frames = own_of(thread, stdlib) or thread["stack"][:1]
        places = tuple((frame["function"], frame["line"]) for frame in frames)
        alike = (thread["state"], thread_wait(thread, "kind"), shared and object, places)
        groups.setdefault(alike, set()).add(thread["group"])
    assert all(len(places) == 1 for places in groups.values())
    assert len(set().union(*groups.values())) == len(groups)
    for top in (1, 0):
        table = shown.ask("threads --group --top %d" % top)
        counts = [int(count) for count in re.findall(r"^ +(\d+)  \d+  ", table, re.MULTILINE)]
        total = re.search(r"^ +(\d+)  threads? in (\d+) groups?", table, re.MULTILINE)
        left = re.search(r"left out (\d+) groups? of (\d+) thread", table)
        left = [int(number) for number in left.groups()] if left else [0, 0]
        assert int(total.group(1)) == len(threads) and len(groups) == int(total.group(2))
        assert sum(counts) + left[1] == len(threads) or any(not t["tid"] for t in threads)
    # By the size of the group that each is in.
    ordered = sorted(found["threads"], key=lambda thread: thread["group"])
    assert tids(shown.document("threads --json --sort stack")["threads"]) == tids(ordered)


# ---- why ----


def check_sorted_why(shown):
    """Worst first still; equally bad ones in the order of their tasks."""
    found = shown.document("why --json --all --sort name")
    places = {id: i for i, id in enumerate(ids(found["tasks"]))}
    ordered = sorted(shown.document("why --json --all")["tasks"], key=lambda t: (t["name"] is None, counted(t["name"])))
    assert list(places) == ids(ordered)

    def first(verdict):
        return min((places[id] for id in verdict["tasks"]), default=len(places))

    blocks = itertools.groupby(found["verdicts"], key=lambda v: (v["kind"], v["certainty"]))
    blocks = [(key, list(block)) for key, block in blocks]
    for _, block in blocks:
        assert [first(verdict) for verdict in block] == sorted(map(first, block))
    plain = shown.document("why --json --all")["verdicts"]
    kinds = [key for key, _ in itertools.groupby(plain, key=lambda v: (v["kind"], v["certainty"]))]
    assert [key for key, _ in blocks] == kinds


# ---- the compact tree ----


def check_compact_tree(shown):
    tree = shown.ask("pstree --compact")
    hidden = [line.strip().startswith("... ") for line in tree.splitlines()]
    assert not any(a and b for a, b in zip(hidden, hidden[1:]))
    for task in shown.tasks:
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
    assert total == len(shown.tasks)
