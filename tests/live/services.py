"""Services on real frameworks, in root folders of their own (scripts/make-frameworks).

A service is started, reports on itself (tests/programs/frameworks/inflight.py), and is looked at
twice: by its PID from this machine's GDB, and attached to by the newer of this machine's GDB and
the root folder's.
"""

import difflib
import glob
import json
import os
import signal
import subprocess
import threading
import time

import debugger
from cells import Process
from program import by_pid
from root import Root

RELEASES = ("unstable", "bookworm")
# Some services have a task that ticks: it is somewhere else once in a while.
# A loop that has not polled for a second is worth a line.
NOT_POLLED_SECONDS = 1.2
LOOKS = 3
SECONDS = 30
PYTHON = "/usr/bin/python3"


class Frameworks(Root):
    """The root folder with the frameworks of a release."""

    def __init__(self, release):
        super().__init__("frameworks-" + release, "scripts/make-frameworks")
        # Its GDB. What is built here need not load in an older release.
        self.newer = release == "unstable"
        self._postgres = None
        self._lock = threading.Lock()

    def program(self, service):
        return "%s/programs/frameworks/%s_service.py" % (self.inner_folder, service)

    def postgres(self):
        """The folder of the socket of a PostgreSQL, which is started when first asked for."""
        with self._lock:
            if not self._postgres:
                self._postgres = Postgres(self)
            return self._postgres.folder

    def close(self):
        if self._postgres:
            self._postgres.close()
        super().close()


class Postgres:
    """A PostgreSQL of the root folder's, with a database of its own."""

    USER = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"]

    def __init__(self, root):
        self.folder = root.folder("postgres")
        programs = glob.glob(root.outer("/usr/lib/postgresql/*/bin"))[0][len(root.path) :]
        subprocess.check_call(root.command(["chown", "postgres", self.folder]))
        data = self.folder + "/data"
        make = [programs + "/initdb", "--pgdata", data, "--auth", "trust", "--no-sync"]
        subprocess.check_output(root.command(self.USER + make))
        serve = [programs + "/postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses="]
        self._server = subprocess.Popen(
            root.command(self.USER + serve), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        ask = root.command([programs + "/pg_isready", "-q", "-h", self.folder])
        deadline = time.monotonic() + SECONDS
        while subprocess.call(ask):
            if time.monotonic() > deadline or self._server.poll() is not None:
                self.close()
                raise RuntimeError("PostgreSQL does not start")
            time.sleep(0.1)

    def close(self):
        """Stop it at once. A killed one would leave its shared memory behind."""
        self._server.send_signal(signal.SIGQUIT)
        try:
            self._server.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()


class Service:
    """A service in a root folder, and all that is seen of it.

    report: what it says of itself. live, attached: what `asyncio ps --json` says. tree: the tree
    by its PID.
    """

    def __init__(self, root, library, name, options=()):
        self.root = root
        self._library = os.path.abspath(library)
        inner = root.folder("-".join((name,) + options).replace("--", ""))
        self._inner, self._outer = inner, root.outer(inner)
        environment = {"AIODBG_REPORT": inner + "/report", "TMPDIR": inner}
        if "asyncpg" in (name, *options):
            environment["AIODBG_POSTGRES"] = root.postgres()
        options = [option for option in options if option.startswith("--")]
        arguments = [PYTHON, "-B", root.program(name)] + options
        with Process(root, arguments, inner, environment).wait_until_ready() as process:
            with open(self._outer + "/report") as file:
                self.report = json.load(file)
            self.live = self._look(lambda: self._by_pid(process.pid))
            if self.report.get("blocked"):
                time.sleep(NOT_POLLED_SECONDS)
            self.tree = self._tree(process.pid)
            self.attached = self._look(lambda: self._attached(process.pid))

    def _look(self, ask):
        """The answer, as soon as one agrees with the report, or with the one before it."""
        before = None
        for _ in range(LOOKS):
            shown = ask()
            found = all_differences(shown, self.report)
            if not found or found == before:
                break
            before = found
        return shown

    def _by_pid(self, pid):
        path = self._outer + "/live"
        # Frames of threads that run no task are there with waits.
        command = "asyncio ps --json --waits --output %s %d" % (path, pid)
        done = by_pid(command)
        assert done.status == 0, done.errors
        return load(path)

    def _tree(self, pid):
        done = by_pid("asyncio pstree %d" % pid)
        assert done.status == 0, done.errors
        return done.output

    def _attached(self, pid):
        command = ["-p", str(pid), "-ex", "asyncio ps --json --output %s/attached"]
        if self.root.newer:
            library = self.root.inner_machine(self._library)
            command[-1] %= self._inner
            done = debugger.gdb(
                # What is in the files themselves.
                ["-readnever"] + command,
                prefix=self.root.command([], "/", {"AIODBG_LIBRARY": library}),
                script=self.root.inner_checkout("gdb", "aiodbg_gdb.py"),
            )
        else:
            command[-1] %= self._outer
            done = debugger.gdb(debugger.without_symbols(self.root, PYTHON) + command)
        assert done.status == 0, done.errors
        return load(self._outer + "/attached")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


# Differences: lines, none if all agree.


# What is known of a wait for a future, besides the future itself.
KNOWN = ("peer", "fd", "thread", "holders")
# Those of which all has to be known: of these projects, and of the program's own.
ALL_KNOWN = ("asyncio", "anyio", "aiohttp", "httpx", "httpcore", "asyncpg", "websockets")


def vague_waits(shown):
    """The tasks of which it is not known what they wait for: (name, innermost function, project)."""
    return [
        (task["name"], task["stack"][0]["function"], project_of(task["stack"]))
        for task in shown["tasks"]
        if task["state"] == "pending" and is_vague(task["waits_for"])
    ]


def is_vague(wait):
    if wait is None or wait["kind"] == "unknown":
        return True
    named = wait["object"] and wait["type"] != "Future"
    return wait["kind"] == "future" and not named and not any(wait[key] for key in KNOWN)


def project_of(stack):
    """The project whose function is the innermost that has a file."""
    for frame in stack:
        _, found, rest = (frame["file"] or "").partition("-packages/")
        if found:
            return rest.split("/")[0]
        if frame["file"]:
            return "asyncio" if "/asyncio/" in frame["file"] else "own"
    return None


def all_differences(shown, report):
    return sum((check(shown, report) for check in CHECKS.values()), [])


def whole(shown, report):
    """Something was not read, or is called damaged."""
    found = []
    if shown["complete"] is bool(gaps(shown)):
        found.append("complete is %s" % shown["complete"])
    found += ["error: %s" % error for error in shown["errors"]]
    for task in shown["tasks"]:
        found += ["%s: %s" % (task["name"], error) for error in task["errors"]]
    return found


def gaps(shown):
    """The functions that a running compiled coroutine called, one cannot know through which others.

    It says what it awaits once the first step of that has ended.
    """
    found = []
    for task in shown["tasks"]:
        kinds = [frame["kind"] for frame in task["stack"]]
        if task["state"] == "running" and "foreign" in kinds:
            found.append(task["stack"][kinds.index("foreign") - 1]["function"])
    return found


def tasks(shown, report):
    """Which there are, with names and states."""
    mine = {task["id"]: (task["name"], task["state"]) for task in shown["tasks"]}
    theirs = {task["id"]: (task["name"], task["state"]) for task in report["tasks"]}
    found = ["missing: %s (%s)" % theirs[id] for id in theirs if id not in mine]
    found += ["too much: %s (%s)" % mine[id] for id in mine if id not in theirs]
    for id in theirs:
        if mine.get(id, theirs[id]) != theirs[id]:
            found.append("%s (%s) is shown as %s (%s)" % (theirs[id] + mine[id]))
    return found


def stacks(shown, report):
    """Frames, from the outermost."""
    return [line for _, one, other in pairs(shown, report) for line in stack_lines(one, other)]


def awaiters(shown, report):
    names = {task["id"]: task["name"] for task in report["tasks"]}
    found = []
    for _, mine, theirs in pairs(shown, report):
        one = sorted(awaiter["id"] for awaiter in mine["awaited_by"] if awaiter["kind"] == "task")
        if one != theirs["awaited_by"]:
            lists = [[names.get(id, id) for id in ids] for ids in (one, theirs["awaited_by"])]
            found.append("%s: awaited by %s, not %s" % (theirs["name"], lists[0], lists[1]))
    return found


def culprit(shown, report):
    """The innermost frames of what blocks the loop are those of its task, or of its thread."""
    blocked = report["blocked"]
    stacks = [one["stack"] for one in shown["tasks"] if one["state"] == "running"]
    stacks += [one.get("stack", []) for one in shown["threads"] if one["tid"] == blocked["tid"]]
    wanted = [frame_line(frame) for frame in blocked["stack"][:2]]
    found = [[frame_line(frame) for frame in stack[:2]] for stack in stacks]
    return [] if wanted in found else ["%s is not in %s" % (wanted, found)]


def closing_line(tree, report):
    """The tree says in its last line that the loop has not polled for a while."""
    last = tree.rstrip("\n").rpartition("\n")[2]
    start = "of thread %d has not polled for " % report["blocked"]["tid"]
    return [] if start in last and last.endswith(" s: asyncio why") else ["ends with: " + last]


CHECKS = {"whole": whole, "tasks": tasks, "stacks": stacks, "awaiters": awaiters}


def pairs(shown, report):
    mine = {task["id"]: task for task in shown["tasks"]}
    for task in report["tasks"]:
        if task["id"] in mine:
            yield task["id"], mine[task["id"]], task


def stack_lines(mine, theirs):
    stacks = [list(reversed(each["stack"])) for each in (mine, theirs)]
    if theirs["state"] == "running":
        # Which compiled ones are between no program can tell of itself.
        stacks = [[one for one in stack if one.get("file")] for stack in stacks]
    names = [[frame_line(one) for one in stack] for stack in stacks]
    lines = difflib.ndiff(names[0], names[1])
    return ["%s: %s" % (theirs["name"], line) for line in lines if line[0] in "-+"]


def frame_line(frame):
    """Of a compiled coroutine only the name is known."""
    if frame.get("file") is None:
        return "%s (compiled)" % frame["function"]
    return "%s %s:%s (%s)" % tuple(frame[key] for key in ("function", "file", "line", "kind"))
