"""import aiodbg inside each debugger; and GDB's convenience functions, and completion."""

import glob
import json
import os
import re
import subprocess
import sys

import compare
import debugger
import pytest
from cells import Process, kernel_writes_cores_here
from interpreter import OWN
from lldb_debugger import NAMES
from place import CHECKOUT
from test_graph import written_once

PROGRAM = "everything"
GDBS = ["gdb", "gdb in the root folder"]

pytestmark = pytest.mark.usefixtures("library")


class Gdb:
    """A GDB, with the interface of Lldb: its home is the place where it runs."""

    def __init__(self, home, root=None):
        self.home = home
        self._inside = home is root
        self.python = "/usr/bin/python3.14" if self._inside else OWN

    def path(self, *parts):
        return self.home.inner_checkout(*parts) if self._inside else os.path.join(CHECKOUT, *parts)

    def attach(self, pid):
        return ["attach %d" % pid]

    def load(self, path):
        return ["source " + path]

    def call(self, module, call):
        return ["python " + call]

    def run(self, commands):
        environment, prefix = {}, []
        if self._inside:
            library = os.environ.get("AIODBG_LIBRARY") or CHECKOUT + "/build/core/libaiodbg.so"
            environment["AIODBG_LIBRARY"] = self.home.inner_machine(os.path.abspath(library))
            prefix = self.home.command([], environment={**environment, "LC_ALL": "C.UTF-8"})
        script = self.path("gdb", "aiodbg_gdb.py")
        return debugger.gdb(debugger.each(commands), environment, prefix, script)


class OfLldb:
    """An LLDB of conftest.py, with what the tests here ask for."""

    def __init__(self, lldb, root):
        self.home = lldb.home
        self.python = lldb.python
        self.run = lldb.run
        self._inside = lldb.home is root

    path = Gdb.path

    def attach(self, pid):
        return ["process attach --pid %d" % pid]

    def load(self, path):
        return ["command script import " + path]

    def call(self, module, call):
        return ["script %s.%s" % (module, call)]


@pytest.fixture(params=GDBS + NAMES)
def any_debugger(request, places, lldbs):
    """Each debugger of this machine and of the root folder."""
    name = request.param
    root = request.getfixturevalue("root") if "root" in name else None
    if name in NAMES:
        if name not in lldbs:
            pytest.skip("no lldb")
        return OfLldb(lldbs[name], root)
    if root and not root.has("gdb"):
        pytest.skip("no gdb in %s" % root.path)
    return Gdb(root or places.get("host"), root)


@pytest.fixture
def folder(any_debugger, request):
    """A new folder: its path as the debugger has it, and as we have it."""
    inner = any_debugger.home.folder(re.sub(r"\W+", "-", request.node.name))
    return inner, any_debugger.home.outer(inner)


def start(any_debugger, folder, program):
    home = any_debugger.home
    arguments = [any_debugger.python, "-B", home.inner_program(program)]
    return Process(home, arguments, folder[0], {"AIODBG_REPORT": folder[0] + "/report"})


def read(folder, name):
    with open(os.path.join(folder[1], name)) as file:
        return json.load(file)


def test_objects(any_debugger, folder):
    """They are what `asyncio ps --json` says, and what the program says of itself."""
    with start(any_debugger, folder, PROGRAM).wait_until_ready() as process:
        done = any_debugger.run(
            any_debugger.attach(process.pid)
            + any_debugger.load(any_debugger.path("tests", "live", "scripting_inside.py"))
            + any_debugger.call("scripting_inside", "dump('%s/objects')" % folder[0])
            + ["asyncio ps --json --output %s/json" % folder[0]]
            + ["asyncio pstree --output %s/tree" % folder[0]]
        )
    assert done.status == 0, done.errors
    found, shown, report = read(folder, "objects"), read(folder, "json"), read(folder, "report")
    assert found["objects"] == found["json"] == shown
    with open(folder[1] + "/tree", encoding="utf-8") as file:
        assert found["tree"] == file.read()
    assert found["pending_count"] == len(report["tasks"]) > 50
    assert compare.with_program(found["objects"], report) == []


STUCK = "stuck"


def test_waits(any_debugger, folder):
    """Verdicts, loops, threads, waits and variables are those of the commands: at the same stop, outside
    of a debugger by PID, and of a core."""
    kernel_writes_cores_here()
    with start(any_debugger, folder, STUCK).wait_until_ready() as process:
        done = any_debugger.run(
            any_debugger.attach(process.pid)
            + any_debugger.load(any_debugger.path("tests", "live", "scripting_inside.py"))
            + any_debugger.call("scripting_inside", "dump_same('%s/inside')" % folder[0])
            + ["asyncio why --json --output %s/json" % folder[0]]
        )
        assert done.status == 0, done.errors
        outside(folder[1] + "/outside", pid=process.pid)
        process.crash()
    found, shown = read(folder, "inside"), read(folder, "json")
    assert differences(found, shown) == []
    assert found["verdicts"][0][:2] == ["deadlock", "certain"]
    assert any("self" in one for stack in found["locals"].values() for one in stack)
    # By PID there is a time that is now: texts of waits may differ.
    other = read(folder, "outside")
    assert other["verdicts"] == found["verdicts"] and other["locals"] == found["locals"]
    assert [one[:2] for one in other["loops"]] == [one[:2] for one in found["loops"]]
    sysroot = any_debugger.home.path or None
    (core,) = glob.glob(folder[1] + "/core*")
    outside(folder[1] + "/of-core", core=core, sysroot=sysroot)
    assert read(folder, "of-core") == found


def outside(path, **options):
    call = "import scripting_inside; scripting_inside.dump_same(%r, **%r)" % (path, options)
    folders = ":".join((os.path.dirname(__file__), CHECKOUT + "/core/python"))
    done = subprocess.run(
        [sys.executable, "-B", "-c", call],
        env=dict(os.environ, PYTHONPATH=folders),
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 0, done.stderr.decode()


def differences(found, shown):
    """Between what scripts see, and the document."""
    tasks = {}
    for task in shown["tasks"]:
        wait = task["waits_for"]
        holders = [holder["task"] for holder in wait["holders"]] if wait else None
        of_wait = [wait["kind"], wait["text"]] if wait else [None, None]
        tasks[task["id"]] = of_wait + [holders, task["holds"]]
    known = {
        "verdicts": [
            [one["kind"], one["certainty"], one["summary"], one["tasks"]] for one in shown["verdicts"]
        ],
        "loops": [[one["id"], one["state"], one["thread"]] for one in shown["loops"]],
        "threads": [
            [one["tid"], one["name"], [[frame["function"], frame["line"]] for frame in one["stack"]]]
            for one in shown["threads"]
        ],
        "tasks": tasks,
    }
    return [(key, found[key], known[key]) for key in known if found[key] != known[key]]


@pytest.mark.parametrize("any_debugger", [GDBS[1], NAMES[-1]], indirect=True)
@pytest.mark.parametrize("version", ["3.14", "3.15"])
def test_call_graphs(any_debugger, folder, version):
    """The text is that of asyncio.format_call_graph() in the program, for the same options."""
    any_debugger.python = "/usr/bin/python" + version
    with start(any_debugger, folder, "call_graphs").wait_until_ready() as process:
        call = "dump_graphs('%s/report', '%s/graphs')" % (folder[0], folder[0])
        done = any_debugger.run(
            any_debugger.attach(process.pid)
            + any_debugger.load(any_debugger.path("tests", "live", "scripting_inside.py"))
            + any_debugger.call("scripting_inside", call)
        )
    assert done.status == 0, done.errors
    graphs = read(folder, "report")["graphs"]
    assert len({str(graph["options"]) for graph in graphs}) > 5
    expected = [written_once(graph["text"]).rstrip("\n") for graph in graphs]
    assert read(folder, "graphs") == expected


@pytest.mark.parametrize("any_debugger", GDBS, indirect=True)
def test_completion(any_debugger, folder):
    """In the quotes that the user has begun; each line is one that GDB then takes."""
    with start(any_debugger, folder, "waiting").wait_until_ready() as process:
        report = read(folder, "report")
        ids = [task["id"] for task in report["tasks"]]
        names = {task["name"] for task in report["tasks"]}
        done = any_debugger.run(
            any_debugger.attach(process.pid)
            + ["complete asyncio graph sh", "complete asyncio graph 0x"]
            + ["complete asyncio graph --limit 1 sh", "complete asyncio graph --output sh"]
        )
    assert done.status == 0, done.errors
    lines = done.output.splitlines()
    found = sorted(name for name in names if name.startswith("sh"))
    assert len(found) > 1
    for begin in ("asyncio graph ", "asyncio graph --limit 1 "):
        assert sorted(line for line in lines if line.startswith(begin + "sh")) == [
            begin + name for name in found
        ]
    shown = [line for line in lines if line.startswith("asyncio graph 0x")]
    assert sorted(shown) == sorted("asyncio graph " + id for id in ids)
    assert not [line for line in lines if line.startswith("asyncio graph --output --")]


# Some jobs stay where they are; others do too, but each not for long.
MOVING = """
import asyncio, itertools, os

async def job(seconds):
    await asyncio.sleep(seconds)

async def main():
    stuck = asyncio.create_task(job(3600), name="stuck job")
    short = set()
    for number in itertools.count():
        short.add(asyncio.create_task(job(0.1), name="job %d" % number))
        await asyncio.sleep(0.01)
        short = {task for task in short if not task.done()}
        if number == 10:
            os.write(1, b"READY %d\\n" % os.getpid())

asyncio.run(main())
"""


def example_of_readme():
    with open(os.path.join(CHECKOUT, "README.md"), encoding="utf-8") as file:
        (code,) = re.findall(r"^```python\n(.*?)^```$", file.read(), re.DOTALL | re.MULTILINE)
    return code


def test_example_of_readme(any_debugger, folder):
    """The process runs on meanwhile."""
    for name, text in (("waiting.py", example_of_readme()), ("moving.py", MOVING)):
        with open(os.path.join(folder[1], name), "w") as file:
            file.write(text)
    arguments = [any_debugger.python, "-B", folder[0] + "/moving.py"]
    with Process(any_debugger.home, arguments).wait_until_ready() as process:
        done = any_debugger.run(
            any_debugger.load(folder[0] + "/waiting.py")
            + any_debugger.call("waiting", "report(%d, 1)" % process.pid)
        )
    assert done.status == 0, done.errors
    # The task that makes them is mostly back where it was.
    lines = [line for line in done.output.splitlines() if " Task-1: " not in line]
    assert len(lines) == 1, done.output
    assert re.match(r"0x[0-9a-f]+ stuck job: sleep /.*/asyncio/tasks\.py:\d+$", lines[0])


@pytest.mark.parametrize("any_debugger", GDBS, indirect=True)
def test_convenience_functions(any_debugger, folder):
    with start(any_debugger, folder, "waiting").wait_until_ready() as process:
        report = read(folder, "report")
        names = [task["name"] for task in report["tasks"]]
        assert len(set(names)) == len(names) > 5
        done = any_debugger.run(
            any_debugger.attach(process.pid)
            + ['printf "task %%p %s\\n", $_asyncio_task("%s")' % (name, name) for name in names]
            + ["output $_asyncio_count()", r'echo \n']
        )
    assert done.status == 0, done.errors
    shown = dict(re.findall(r"^task (0x[0-9a-f]+) (.+)$", done.output, re.MULTILINE))
    assert {task["id"]: task["name"] for task in report["tasks"]} == shown
    assert str(len(names)) in done.output.splitlines()


@pytest.mark.parametrize("any_debugger", GDBS, indirect=True)
def test_convenience_function_fails(any_debugger, folder):
    with start(any_debugger, folder, "waiting").wait_until_ready() as process:
        done = any_debugger.run(
            any_debugger.attach(process.pid) + ['print $_asyncio_task("no such task")']
        )
    assert done.status != 0
    assert done.error_lines()[-1:] == ['no task is named "no such task"; `asyncio ps` lists all']
