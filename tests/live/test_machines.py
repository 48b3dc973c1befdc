"""Programs of other machines, run by qemu: their core shows what they know of themselves.

64-bit and little-endian like this one, 32-bit, big-endian: scripts/make-machines has them. qemu
writes the core of such a program itself, and GDB has to be one that knows the machine.
"""

import concurrent.futures
import glob
import json
import os

import compare
import debugger
import pytest
from cells import Process, everything
from conftest import shows
from place import Absent
from program import differences, run

GDB = "gdb-multiarch"
PROGRAMS = ("busy", "everything", "names")
# For each machine its Pythons, and what they run. Those of armhf stand for all of 32 bits.
GUESTS = {
    "arm64": {"3.14": PROGRAMS},
    "armhf": {"3.13": ("everything",), "3.14": PROGRAMS, "3.15": ("everything",)},
    "s390x": {"3.14": PROGRAMS},
}
# Where GDB looks at what is there without any file, and the program shows the same; in the others the
# program alone.
COMPARED = ("everything",)
KEYS = [
    (machine, version, program)
    for machine, versions in GUESTS.items()
    for version, names in versions.items()
    for program in names
]


def find_machines():
    """The folder that scripts/make-machines prints."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.environ.get("AIODBG_ROOTS") or os.path.join(cache, "aiodbg")
    folder = os.path.join(folder, "machines")
    for machine in GUESTS:
        if not os.path.exists("%s/%s/run" % (folder, machine)):
            raise Absent("no %s in %s (scripts/make-machines makes it)" % (machine, folder))
    return folder


class Guest:
    """A program of another machine: its report, and what GDB shows of its core."""

    def __init__(self, place, machines, machine, version, program):
        self.version = tuple(int(part) for part in version.split("."))
        # What the table of what works has in this place.
        self.build = machine
        self._root = os.path.join(machines, machine)
        self._command = "python" + version
        self._folder = place.outer(place.folder("%s-%s-%s" % (machine, version, program)))
        self._inner_program = place.inner_program(program)
        self._program = program
        self.report = self.differences = None
        self._answers = {}

    def collect(self, place):
        arguments = [self._root + "/run", self._command, "-B", self._inner_program]
        environment = {"AIODBG_REPORT": self._folder + "/report"}
        with Process(place, arguments, self._folder, environment).wait_until_ready() as process:
            with open(self._folder + "/report") as file:
                self.report = json.load(file)
            process.crash()
        cores = glob.glob(self._folder + "/qemu_*.core")
        assert len(cores) == 1, "qemu has written no core"
        # The program has seen where its modules are on this machine, not below sysroot.
        modules = "%s/usr/lib/%s/lib-dynload" % (self._root, self._command)
        executable = "%s/usr/bin/%s" % (self._root, self._command)
        files = ["-readnever", "-iex", "set sysroot " + self._root]
        files += ["-iex", "set solib-search-path " + modules, executable]
        self._look("whole", files, cores[0])
        self.bare = json.loads(run("ps --json", cores[0])[1])
        if self._program in COMPARED or everything():
            options = ["-iex", "set auto-load python-scripts off"] + debugger.WITHOUT_FILES
            self._look("bare", debugger.WITHOUT_FILES, cores[0])
            self.differences = differences(cores[0], options, command=GDB)
        # The kernel may have written one of qemu as well.
        for path in cores + glob.glob(self._folder + "/core*"):
            os.remove(path)
        return self

    def _look(self, name, options, core):
        commands = ["core-file " + core]
        for kind, command in (("json", "ps --json"), ("tree", "pstree"), ("table", "ps")):
            commands.append("asyncio %s --output %s" % (command, self._path(name, kind)))
        options = ["-iex", "set auto-load python-scripts off"] + options
        self._answers[name] = debugger.gdb(options + debugger.each(commands), command=GDB)

    def _path(self, name, kind):
        return "%s/%s.%s" % (self._folder, name, kind)

    def shown(self, name):
        """(JSON, tree, table) of the answer of that name."""
        done = self._answers[name]
        assert done.status == 0, done.errors
        found = []
        for kind in ("json", "tree", "table"):
            with open(self._path(name, kind), encoding="utf-8") as file:
                found.append(file.read())
        return json.loads(found[0]), found[1], found[2]


@pytest.fixture(scope="module")
def guests(places):
    """All of them, in the making: two at a time, as they are asked for."""
    try:
        place, machines = places.get("host"), find_machines()
    except Absent as reason:
        pytest.skip(str(reason))
    made = [Guest(place, machines, *key) for key in KEYS]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        started = [pool.submit(guest.collect, place) for guest in made]
        yield dict(zip(KEYS, started))
        for each in started:
            each.cancel()


@pytest.fixture(params=KEYS, ids=["-".join(key) for key in KEYS])
def guest(request, guests):
    try:
        return guests[request.param].result()
    except Absent as reason:
        pytest.skip(str(reason))


def test_core(request, guest):
    found, tree, table = guest.shown("whole")
    assert found["target"]["kind"] == "core"
    assert found["python"]["hexversion"] == guest.report["hexversion"]
    assert compare.with_program(found, guest.report) == []
    # What is drawn of it does not depend on the machine.
    tasks = found["tasks"]
    assert tree.count("(T) ") >= len(tasks)
    rows = table.splitlines()[2:]
    assert len(rows) == sum(max(1, len(task["awaited_by"])) for task in tasks)
    shows(request.node, guest, "core", debugger=debugger.version(command=GDB))


def test_core_without_any_file(request, guest):
    """As it comes from there, with nothing else."""
    assert guest.bare == guest.shown("whole")[0]
    if guest.differences is not None:
        assert guest.differences == []
        assert guest.shown("bare") == guest.shown("whole")
        target = "core without executable"
        shows(request.node, guest, target, debugger=debugger.version(command=GDB))
