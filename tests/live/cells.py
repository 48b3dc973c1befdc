"""One program under one Python, started once, and all that is seen of it.

The program reports on itself; CPython's tool and GDB look at it while it lives; GDB writes a core
(gcore), then the kernel does, and GDB looks at both. Each answer is kept, or the reason why there
is none, so that the tests can ask for them in any order.
"""

import concurrent.futures
import glob
import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess

import debugger
from interpreter import INTERPRETERS
from place import PROGRAMS, Absent

HELPERS = ("report", "awaiters", "truth", "trim")
# Programs with tests of their own.
NO_CELLS = (
    "stock",
    "waits",
    "waits_no_accelerator",
    "holders",
    "holders_no_accelerator",
    "locals",
    "threads",
    "loop_states",
    "starved_loops",
    "forked_loops",
    "interpreter_pool",
    "hides_secrets",
    "finished",
)
START_SECONDS = 60
CRASH_SECONDS = 5
CRASH_TRIES = 12

# Builds --with-pydebug, and other patch releases, have nearly the layouts of those that run all.
NEARLY_SAME_PROGRAMS = (
    "awaitables",
    "busy",
    "eager",
    "everything",
    "interpreters",
    "names",
    "waiting",
)
REQUIRED_VERSIONS = {one.version for one in INTERPRETERS.values() if one.required}
# What an interpreter of another version runs that is there by chance.
EXTRA_PROGRAMS = NEARLY_SAME_PROGRAMS + (
    "async_generators",
    "busy_generator",
    "cancelling",
    "details",
    "eager_first_step",
    "loops",
    "no_accelerator",
    "own_awaitables",
    "python_tasks",
    "subclasses",
)

# What each of them runs unless everything is asked for.
FEW_PROGRAMS = ("async_generators", "awaitables", "everything", "names", "waiting")

# Programs whose process and core are looked at without the executable, and core in part.
WITHOUT_FILES = ("everything", "python_tasks", "waiting")
# Programs each of whose tasks is looked at alone.
DETAILED_PROGRAMS = ("details", "everything", "waiting")
TRUNCATED_PROGRAMS = ("python_tasks", "waiting")
TRUNCATED = (10, 50, 90)


def programs():
    names = [name[:-3] for name in sorted(os.listdir(PROGRAMS)) if name.endswith(".py")]
    return [name for name in names if name not in HELPERS + NO_CELLS]


def requires(program):
    """The oldest Python that can run it."""
    with open(os.path.join(PROGRAMS, program + ".py"), encoding="utf-8") as source:
        found = re.search(r"^REQUIRES = \((\d+), (\d+)\)", source.read(), re.MULTILINE)
    return tuple(int(number) for number in found.groups()) if found else (3, 8)


def chosen():
    """Interpreters, unless everything is asked for: of host's ones the first of each layout."""
    found = {}
    for one in INTERPRETERS.values():
        found.setdefault((one.version, one.build), one)
    return {one.name: one for one in found.values()}


def programs_of(interpreter, every=False):
    """What it runs; every: all that it can run."""
    if every or (interpreter.required and not interpreter.debug):
        wanted = programs()
    elif not everything():
        wanted = FEW_PROGRAMS
    elif interpreter.debug or interpreter.version in REQUIRED_VERSIONS:
        wanted = NEARLY_SAME_PROGRAMS
    else:
        wanted = EXTRA_PROGRAMS
    return [name for name in sorted(wanted) if requires(name) <= interpreter.version]


def everything():
    """True for `scripts/check --all`; else what costs most is done once for each layout."""
    return os.environ.get("AIODBG_ALL", "0") not in ("", "0")


def grid(every=False):
    """Each interpreter with each program that it runs, as pairs of names."""
    interpreters = INTERPRETERS if every or everything() else chosen()
    return [
        (interpreter.name, program)
        for interpreter in interpreters.values()
        for program in programs_of(interpreter, every)
    ]


class NoAnswer:
    """In place of an answer: the reason, and how the debugger ended that should have given it."""

    def __init__(self, reason, done=None):
        self.reason = reason
        self.done = done


class Process:
    """A program running in a place, to be used in a `with` statement."""

    def __init__(self, place, arguments, folder="/", environment=()):
        self._process = subprocess.Popen(
            place.command(arguments, folder, environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=allow_core,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The children too, which hold the other end of our pipe.
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process.stdout.close()

    def wait_until_ready(self):
        """Read up to the READY line. Returns self."""
        if not select.select([self._process.stdout], [], [], START_SECONDS)[0]:
            raise RuntimeError("not ready after %d seconds" % START_SECONDS)
        line = self._process.stdout.readline()
        if line != b"READY %d\n" % self.pid:
            # Only its end ends what it writes.
            os.killpg(self.pid, signal.SIGKILL)
            rest = line + self._process.stdout.read()
            raise RuntimeError("ended before it was ready:\n" + rest.decode(errors="replace"))
        return self

    def crash(self):
        """Have the kernel end it with a core."""
        for _ in range(CRASH_TRIES):
            os.kill(self.pid, signal.SIGSEGV)
            try:
                self._process.wait(timeout=CRASH_SECONDS)
                return
            except subprocess.TimeoutExpired:
                # Now and then qemu loses one.
                continue
        raise RuntimeError("does not crash")


def allow_core():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


class Cell:
    """The answers called report, cpython, graphs (from 3.14 on), live, tree, table, gcore, kernel.

    For a few programs also bare-live, bare-kernel, and truncated-10 to 90.
    """

    def __init__(self, place, interpreter, program):
        self.place = place
        self.interpreter = interpreter
        self.program = program
        self.name = "%s-%s" % (interpreter.name, program)
        self._inner = place.folder(self.name)
        self._outer = place.outer(self._inner)
        self._options = debugger.without_symbols(place, interpreter.command)
        self._answers = {}

    def answer(self, name):
        """The answer of that name. Raises AssertionError with the reason if there is none."""
        found = self._answers[name]
        if isinstance(found, NoAnswer):
            raise AssertionError("%s of %s: %s" % (name, self.name, found.reason))
        return found

    def refusal(self, name):
        """How the debugger ended that has given no such answer."""
        found = self._answers[name]
        assert isinstance(found, NoAnswer), "%s of %s: there is an answer" % (name, self.name)
        return found.done

    def start(self):
        environment = {"AIODBG_REPORT": self._inner + "/report"}
        arguments = [self.interpreter.command, "-B", self.place.inner_program(self.program)]
        process = Process(self.place, arguments, self._inner, environment)
        try:
            return process.wait_until_ready()
        except BaseException:
            process.__exit__()
            raise

    def collect(self):
        """Run the program, get all answers. Returns self."""
        with self.start() as process:
            self._answers["report"] = self._read("report", "the program wrote no report")
            if self.interpreter.version >= (3, 14):
                self._answers["cpython"] = self._cpython_view(process.pid)
            self._look_live(process.pid)
            self._look_at_graphs(process.pid)
            if self.program in DETAILED_PROGRAMS:
                self._look_at_tasks(process.pid)
            process.crash()
            self._look_at_cores()
        shutil.rmtree(self._outer)
        return self

    def _cpython_view(self, pid):
        script = self.place.inner_folder + "/cpython_view.py"
        done = subprocess.run(
            self.place.command([self.interpreter.command, script, str(pid)]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if done.returncode:
            return NoAnswer(done.stderr.decode(errors="replace"))
        return json.loads(done.stdout.decode())

    def _look_live(self, pid):
        commands = [
            "asyncio ps --json --output %s/live" % self._outer,
            "asyncio pstree --output %s/tree" % self._outer,
            "asyncio ps --output %s/table" % self._outer,
            "gcore %s/core.gdb" % self._outer,
        ]
        done = debugger.gdb(self._options + ["-p", str(pid)] + debugger.each(commands))
        self._answers["live"] = self._read("live", done.errors)
        for name in ("tree", "table"):
            self._answers[name] = self._read(name, done.errors, text=True)
        if self.program in WITHOUT_FILES:
            self._look_without_files("bare-live", ["attach %d" % pid])

    def _look_at_tasks(self, pid):
        """`asyncio task` of each task: its text by the task's id."""
        report = self._answers["report"]
        ids = list(dict.fromkeys(one["id"] for one in report["details"] + report["tasks"]))
        line = "asyncio task %s --output " + self._outer + "/task-%s"
        commands = [line % (id, id) for id in ids]
        done = debugger.gdb(self._options + ["-p", str(pid)] + debugger.each(commands))
        texts = {id: self._read("task-" + id, done.errors, text=True) for id in ids}
        self._answers["details"] = texts

    def _look_at_graphs(self, pid):
        """What the program has asked asyncio for, in the same order."""
        commands, names = [], []
        for graph in self._answers["report"]["graphs"]:
            options = ["--%s %d" % pair for pair in graph["options"].items()]
            names.append("graph-%d" % len(names))
            options.append("--output %s/%s" % (self._outer, names[-1]))
            commands.append("asyncio graph %s %s" % (graph["id"], " ".join(options)))
        if not commands:
            self._answers["graphs"] = []
            return
        done = debugger.gdb(self._options + ["-p", str(pid)] + debugger.each(commands))
        self._answers["graphs"] = [self._read(name, done.errors, text=True) for name in names]

    def _look_at_cores(self):
        kernel = [path for path in glob.glob(self._outer + "/core*") if path[-4:] != ".gdb"]
        cores = {"gcore": self._outer + "/core.gdb", "kernel": kernel[0] if kernel else None}
        commands = []
        for name, path in cores.items():
            if path and os.path.exists(path):
                commands.append("core-file " + path)
                commands.append("asyncio ps --json --output %s/%s" % (self._outer, name))
        done = debugger.gdb(self._options + debugger.each(commands))
        for name, path in cores.items():
            self._answers[name] = self._read(name, done.errors if path else "no core file")
        if kernel and self.program in WITHOUT_FILES:
            self._look_without_files("bare-kernel", ["core-file " + kernel[0]])
        if kernel and self.program in TRUNCATED_PROGRAMS:
            for percent in TRUNCATED:
                self._look_at_truncated(kernel[0], percent)

    def _look_without_files(self, name, commands):
        """Where GDB finds neither the executable nor the libraries."""
        commands = commands + ["asyncio ps --json --output %s/%s" % (self._outer, name)]
        done = debugger.gdb(debugger.WITHOUT_FILES + debugger.each(commands))
        self._answers[name] = self._read(name, done.errors, done=done)

    def _look_at_truncated(self, core, percent):
        """The first so many percent of a core: (exit status, errors, what was shown or None)."""
        name = "truncated-%d" % percent
        path = "%s/%s" % (self._outer, name)
        shutil.copy(core, path + ".core")
        os.truncate(path + ".core", os.path.getsize(core) * percent // 100)
        commands = ["core-file %s.core" % path, "asyncio ps --json --output " + path]
        done = debugger.gdb(self._options + debugger.each(commands))
        shown = self._read(name, done.errors)
        shown = None if isinstance(shown, NoAnswer) else shown
        self._answers[name] = (done.status, done.errors, shown)

    def _read(self, name, reason, text=False, done=None):
        """The content of a file that should be there; if not, the reason."""
        try:
            with open("%s/%s" % (self._outer, name), encoding="utf-8") as file:
                return file.read() if text else json.load(file)
        except (OSError, ValueError) as error:
            return NoAnswer("%s\n%s" % (error, reason), done)


class Cells:
    """All cells. They are collected in the background, two at a time, in the order of tests.

    wanted: for each key the place, the interpreter and the program.
    """

    def __init__(self, wanted):
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1)
        self._cells = {
            key: self._pool.submit(lambda parts=parts: Cell(*parts).collect())
            for key, parts in wanted.items()
        }

    def get(self, key):
        return self._cells[key].result()

    def close(self):
        for cell in self._cells.values():
            cell.cancel()
        self._pool.shutdown()


def kernel_writes_cores_here():
    """Raise Absent if a core would not land in the folder of the process that crashes."""
    with open("/proc/sys/kernel/core_pattern") as file:
        pattern = file.read().strip()
    if not pattern.startswith("core"):
        raise Absent("kernel.core_pattern is %r, not a plain core" % pattern)
