"""What the sick programs have in common: a service under load, drawn from a seed, and the truth.

    PROGRAM --seed N [--healthy]

Each program is a service with one mistake in it; --healthy runs the same service, with the same
names, depths and counts, without the mistake. When the program has reached its state it prints
one line of JSON, and stays as it is for SECONDS at most:

    {"pid": 4711, "ready": true, "verdicts": [{
        "kind": "deadlock", "or_kinds": [],     what has to be said, or what may be said instead
        "least": "certain",                     and how sure of it at least
        "in_core": "possible",                  if it is another, of a core; null: of none
        "tasks": ["req-17"], "task_ids": ["0x7f..."],       must be named
        "behind_ids": ["0x7f..."],              may be named as well; no other task may
        "objects": [["0x7f...", ...]],          of each, one must be named
        "place": {"task", "function", "file", "line"},      the first of
        "places": [...],                        must be shown; any line if that is null
        "until": false, "unless": []}],         a deadline or these tasks can end it
     "also": ["convoy"],                        headings that follow from it: no mistake
     "doubtful": ["convoy"],                    those that may be possible where all is well
     "steps": []}                               what the harness does to it: "SIGSTOP"

A healthy one has no verdicts. Exit status 77 means that something is missing here.

The mistake's state is not assumed. A thread looks at locks, waiters and threads until all is as
the truth says, and only then prints it; a healthy service is ready when its work makes progress.
--check looks again a second later and ends with the result. After the report nothing of it is
left: no thread, and no reference to what the truth is about.
"""

import argparse
import ast
import asyncio
import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time

import background

SECONDS = 600
READY_SECONDS = 45
SETTLE = 0.3
# For verdicts that need a second of silence from the loop.
SETTLE_BLOCKED = 1.6
POLL = 0.02
HEALTHY_STEPS = 3

STATE_NOT_REACHED = 3
MISSING = 77

# The names of tasks begin with one of these.
ROLES = ("req", "job", "order", "sync", "import", "session", "upload", "invoice", "fetch", "batch")


def ref(thing):
    """The id of an object, as a debugger writes it."""
    return "0x%x" % id(thing)


def objects_of(one):
    """Ids, any of which stands for an object: of a condition, its own and that of its lock."""
    alternatives = one if isinstance(one, (tuple, list)) else (one,)
    return [each if isinstance(each, str) else ref(each) for each in alternatives]


def missing(reason):
    print("missing: %s" % reason, file=sys.stderr, flush=True)
    os._exit(MISSING)


# --- What a task or thread waits for, seen from inside --------------------------------------------


def waiter_of(task):
    """The future that a task waits for; None if it is ready, running or finished."""
    future = task._fut_waiter if not task.done() else None
    return future if future is not None and not future.done() else None


def waits(task):
    return waiter_of(task) is not None


def waits_among(task, waiters):
    """Whether what a task waits for is one of the futures in waiters."""
    future = waiter_of(task)
    return future is not None and any(future is one for one in list(waiters or ()))


def waits_for_lock(task, lock):
    """A lock, semaphore, event or condition of asyncio."""
    return waits_among(task, lock._waiters)


def stuck_at(task, lock):
    """Waits for a lock that somebody has."""
    return lock.locked() and waits_for_lock(task, lock)


def waits_for_task(task, other):
    return waiter_of(task) is other and not other.done()


def frame_of(thread):
    return sys._current_frames().get(thread.ident)


def thread_in(thread, function, line=None):
    """Whether a thread is executing a function of that name, maybe at that line."""
    # Not only of threads that are alive: the main one is not, while it waits for others.
    frame = frame_of(thread)
    while frame is not None:
        if frame.f_code.co_name == function and line in (None, frame.f_lineno):
            return True
        frame = frame.f_back
    return False


def thread_at(thread, place):
    return thread_in(thread, place["function"].rsplit(".", 1)[-1], place["line"])


# --- Places in the source -------------------------------------------------------------------------


def find_places(path):
    """The lines of a file that end in "# place: NAME", by name."""
    with open(path, encoding="utf-8") as file:
        source = file.read()
    functions = []
    collect_functions(ast.parse(source), (), functions)
    found = {}
    for number, text in enumerate(source.splitlines(), 1):
        _, marker, name = text.partition("# place: ")
        if marker:
            name = name.strip()
            assert name not in found, "%s: two places named %s" % (path, name)
            found[name] = {"function": function_at(functions, number), "file": path, "line": number}
    return found


def collect_functions(node, outer, ret):
    for child in ast.iter_child_nodes(node):
        names = outer
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names = outer + (child.name,)
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            last = max(getattr(one, "lineno", 0) for one in ast.walk(child))
            ret.append((child.lineno, last, ".".join(names)))
        collect_functions(child, names, ret)


def function_at(functions, line):
    inside = [one for one in functions if one[0] <= line <= one[1]]
    return max(inside)[2] if inside else "<module>"


# --- The scene ------------------------------------------------------------------------------------


class Scene:
    """One run of a program: what was drawn for it, its truth, and who reports it."""

    def __init__(self, path, arguments):
        self.path = path
        self.healthy = arguments.healthy
        self.check = arguments.check
        self.name = os.path.basename(path)[: -len(".py")]
        # The twin draws the same.
        self.random = random.Random("%s %d" % (self.name, arguments.seed))
        self.places = find_places(path)
        self.load = None
        self.reported = threading.Event()
        self._names = set()
        self._verdicts = []
        self._also = []
        self.doubtful = []
        self._steps = []
        self._progress = 0
        self._ready = None
        self._settle = SETTLE
        # Seconds after which the truth is printed, for what is true only some time later.
        self.late = 0

    # Drawing.

    def task_name(self, role=None):
        """A name that no other task has."""
        while True:
            name = "%s-%d" % (role or self.random.choice(ROLES), self.random.randint(1, 9999))
            if name not in self._names:
                self._names.add(name)
                return name

    def chance(self, probability=0.5):
        return self.random.random() < probability

    def deep(self, function, *arguments):
        """A coroutine that calls an asynchronous function through a drawn number of others."""
        return background.deep(self.random, function, *arguments)

    def spawn(self, function, *arguments, **options):
        """A task that calls an asynchronous function, deep below; kept by the service."""
        name = options.pop("name", None) or self.task_name(options.pop("role", None))
        assert not options
        return self.load.keep(self.deep(function, *arguments), name)

    async def begin(self, quiet=False, tasks=None):
        """Start the rest of the service. quiet: no timer of it is due while we are looked at."""
        self.load = background.Load(self.random, quiet)
        await self.load.start(tasks or self.random.randint(20, 300))
        return self.load

    # The truth.

    def place(self, name, task=None):
        return dict(self.places[name], task=task.get_name() if task else None)

    def expect(self, kind, least, tasks=(), objects=(), places=(), behind=(), **more):
        """What has to be said of this program, unless it is the healthy one."""
        if self.healthy:
            return
        unless = more.pop("unless", ())
        verdict = {
            "kind": kind,
            "or_kinds": list(more.pop("or_kinds", ())),
            "least": least,
            "tasks": [task.get_name() for task in tasks],
            "task_ids": [ref(task) for task in tasks],
            "behind_ids": [ref(task) for task in behind],
            "objects": [objects_of(one) for one in objects],
            "place": places[0] if places else None,
            "places": list(places),
            "until": more.pop("until", False),
            "unless": [task.get_name() for task in unless],
            "unless_ids": [ref(task) for task in unless],
        }
        self._also += more.pop("also", ())
        self._steps += more.pop("steps", ())
        verdict.update(more)
        self._verdicts.append(verdict)

    def ready_when(self, predicate, settle=SETTLE):
        """The state of the sick program: what has to be true of it for a while."""
        if not self.healthy:
            self._settle = settle
            self._ready = predicate

    async def until(self, predicate):
        """Wait for what is to be described; the healthy program does not wait."""
        while not self.healthy and not predicate():
            await asyncio.sleep(POLL)

    def step(self):
        """The healthy program has done once what the sick one never ends."""
        self._progress += 1

    def start_reporter(self):
        threading.Thread(target=self.report, name="reporter", daemon=True).start()

    def report(self):
        """The thread that waits for the state, prints the truth, and forgets it."""
        give_up = time.monotonic() + READY_SECONDS
        since = None
        while since is None or time.monotonic() - since < self._settle:
            time.sleep(POLL)
            now = time.monotonic()
            if not self._reached():
                since = None
                if now > give_up:
                    self._fail("its state was not reached")
            elif since is None:
                since = now
        self._print(json.dumps(self._truth()))
        if self.check:
            self._check_again()
        self._ready = None
        self._verdicts = []
        self.reported.set()

    def _print(self, line):
        if self.healthy or not self.late:
            print(line, flush=True)
            return
        # From then on no thread of this process may run.
        command = "sleep %d; printf '%%s\\n' \"$0\"" % self.late
        subprocess.Popen(["/bin/sh", "-c", command, line])

    def _reached(self):
        if self.healthy:
            return self._progress >= HEALTHY_STEPS
        try:
            return self._ready is not None and bool(self._ready())
        except RuntimeError:
            # A container changed while we looked.
            return False

    def _truth(self):
        return {
            "pid": os.getpid(),
            "ready": True,
            "program": self.name,
            "verdicts": self._verdicts,
            "also": sorted(set(self._also)),
            "doubtful": sorted(self.doubtful),
            "steps": self._steps,
        }

    def _check_again(self):
        before = self._progress
        time.sleep(1)
        if self.healthy and self._progress == before:
            self._fail("it made no progress")
        if not self._reached():
            self._fail("its state has passed")
        os._exit(0)

    def _fail(self, reason):
        print("%s: %s" % (self.name, reason), file=sys.stderr, flush=True)
        os._exit(STATE_NOT_REACHED)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--healthy", action="store_true", help="the twin without the mistake")
    parser.add_argument("--check", action="store_true", help="look twice, and end")
    return parser.parse_args()


def scene(path):
    """The scene of a program that does not run asyncio by run()."""
    # What asyncio has to say of tasks that end badly would come between.
    logging.disable(logging.CRITICAL)
    # Its default action ends the process, whatever that is doing.
    signal.alarm(SECONDS)
    made = Scene(os.path.abspath(path), arguments())
    made.start_reporter()
    return made


def run(path, main):
    """Run main(scene), an asynchronous function, in a service."""
    asyncio.run(main(scene(path)))


async def repeat(scene, function, *arguments):
    """What a client does: the same, again and again."""
    while True:
        await function(*arguments)
        scene.step()
        await asyncio.sleep(scene.random.uniform(0.02, 0.1))


async def forever():
    """What the main task of a service does: it waits for the signal that ends it."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
