"""What a program keeps in variables, keys, URLs, context variables, results and exceptions under names
of secrets is nowhere in what any command prints; --locals shows the rest.
"""

import itertools
import os
import re
import subprocess
import sys

import debugger
import lldb_debugger
import pytest
from cells import Process
from place import CHECKOUT
from program import by_pid

pytestmark = [pytest.mark.debug, pytest.mark.families]
NUMBERS = itertools.count()
SECRET = "hunter2"


class Running:
    def __init__(self, place, interpreter):
        inner = place.folder("secrets-%d" % next(NUMBERS))
        self.folder = place.outer(inner)
        arguments = [interpreter.command, "-B", place.inner_program("hides_secrets")]
        self.process = Process(place, arguments, inner).wait_until_ready()
        lines = [self.process._process.stdout.readline().decode().strip() for _ in range(len(TASKS))]
        self.pid, self.tasks = self.process.pid, dict(zip(TASKS, lines))

    def answers(self, lines, before=()):
        """What all of them print, by line."""
        commands = list(before)
        for index, line in enumerate(lines):
            output = "%s/%d" % (self.folder, index)
            if os.path.exists(output):
                os.unlink(output)
            commands.append("asyncio %s --pid %d --output %s" % (line, self.pid, output))
        done = debugger.gdb(debugger.each(commands))
        assert done.status == 0, done.errors
        found = {}
        for index, line in enumerate(lines):
            with open("%s/%d" % (self.folder, index), encoding="utf-8") as file:
                found[line] = file.read()
        assert SECRET not in done.output + done.errors
        return found


def formats(command):
    """A line for each format that there is."""
    usage = debugger.gdb(["-ex", "asyncio %s --help" % command]).output
    (names,) = re.findall(r"Write as ([^.]*)\.", usage)
    return ["%s --format %s" % (command, name) for name in re.findall(r"\w+", names) if name != "or"]


TASKS = ("values", "context", "fails", "returns", "child", "own-child", "executor", "queue")


@pytest.fixture(scope="module")
def running(interpreter, place):
    found = Running(place, interpreter)
    yield found
    found.process.__exit__()


def test_no_secret_anywhere(running):
    lines = ["ps", "ps --json", "ps --waits", "ps --waits --json", "pstree", "pstree --json"]
    lines += ["pstree --waits", "why", "why --json", "why --all", "doctor", "threads", "loops"]
    lines += ["threads --json", "loops --json", "ps --group", "ps --group=name", "pstree --compact"]
    lines += ["ps --with state=finished", "ps --with state=finished --json", "ps --group --json"]
    lines += ["pstree --with state=fin*", "ps --frames own", "why --json --all"]
    lines += ["ps --group=context.request", "ps --group=context.api_key --json", "why --frames all"]
    lines += ["ps --sort context.api_key", "ps --with context.api_key", "ps --group=object"]
    lines += [line for command in ("ps", "pstree", "why") for line in formats(command)]
    for id in running.tasks.values():
        lines += ["task " + id, "task --locals " + id, "graph " + id, "why " + id]
        lines += ["task --json --locals " + id, "why --json " + id]
    first = running.answers(["threads", "loops"])
    for tid in re.findall(r"^\d+", first["threads"], re.M):
        lines += ["threads --locals " + tid, "threads --locals --json " + tid]
    for loop in set(re.findall(r" (0x\w+)  \w*Loop", first["loops"])):
        lines += ["loops " + loop, "loops --json " + loop]
    found = running.answers(lines)
    assert [line for line, text in found.items() if SECRET in text] == []
    assert "loops 0x" in "".join(found) and "threads --locals --json " in "".join(found)


def test_errors_and_completion(running):
    """Near misses have names of tasks."""
    lines = ["task fetch", "graph GET", "why fetch", "task 'fetch token=<hidden>'", "why polls"]
    found = [by_pid("asyncio %s --pid %d" % (line, running.pid)) for line in lines]
    assert all(done.status and SECRET not in done.errors for done in found)
    assert all("token=<hidden>" in found[index].errors for index in (0, 2, 3))
    done = debugger.gdb(["-p", str(running.pid), "-ex", "complete asyncio task f"])
    assert SECRET not in done.output and "token=<hidden>" in done.output


def test_scripts(running):
    code = (
        "import aiodbg\n"
        "with aiodbg.snapshot(pid=%d, waits=True, finished=True) as found:\n"
        "    print(list(found.tasks), found.verdicts, found.loops)\n"
        "    print([task.waits_for for task in found.tasks])\n"
        "    print([task.locals() for task in found.tasks if task.stack])\n"
        "    print([(thread.name, thread.stack) for thread in found.threads])\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code % running.pid],
        env=dict(os.environ, PYTHONPATH=CHECKOUT + "/core/python"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout and done.stdout.count("<hidden>") > 10


def test_shown_if_asked_for(running):
    off = ["asyncio set redact off", "asyncio set value-length 300"]
    ids = running.tasks
    lines = ["task --locals " + ids["values"], "task " + ids["returns"], "task " + ids["context"]]
    lines += ["task " + ids["fails"], "ps", "ps --with state=finished", "ps --json", "threads"]
    found = running.answers(lines, off)
    for line, text in found.items():
        assert (SECRET in text) != ("--json" in line), line
    text = found[lines[0]]
    assert "password = 'hunter2'" in text and "admin:hunter2@" in text
    assert "x" * 290 in text
    assert "https://user:hunter2@example.org/orders" in found["ps"]


@pytest.mark.parametrize("which", lldb_debugger.LLDBS)
def test_lldb(running, which, lldbs):
    ids = running.tasks
    lines = ["ps", "why --all", "threads", "ps --group", "ps --with state=finished"]
    lines += ["task --locals " + ids["values"], "task " + ids["fails"], "task " + ids["context"]]
    commands = ["asyncio %s --pid %d" % (line, running.pid) for line in lines]
    done = lldbs[which].run(commands)
    assert done.status == 0, done.errors
    assert SECRET not in done.output + done.errors and "<hidden>" in done.output
    # Each command line is a process of its own, which begins anew.
    done = lldbs[which].run(["asyncio set redact off", "asyncio show redact"] + commands)
    assert done.status == 0, done.errors
    assert done.output.count(SECRET) > 10


def test_the_rest_is_shown(running):
    id = running.tasks["values"]
    text = running.answers(["task --locals " + id])["task --locals " + id]
    for line in (
        "password = <hidden>",
        "api_token = <hidden>",
        "nested = {'db': {...}, 'port': 5432}",
        "headers = {'Authorization': <hidden>, 'Accept': 'text/html'}",
        "raw = [(...), (...)]",
        "url = 'postgres://admin:<hidden>@db.example/orders'",
        "link = 'https://example.org/?user=a&access_token=<hidden>&page=2'",
        "argv = ['curl', '--api-token', <hidden>, 'https://example.org']",
        "text = 'login failed: password=<hidden> for admin'",
        "number = 5",
        "floating = 2.5",
        "nothing = None",
        "yes = True",
        "many = [0, 1, 2, 3, 4, ...]",
        "deep = [[...], (...)]",
        "long_text = '%s..." % ("x" * 76),
        "queue = deque([1, 2])",
    ):
        assert "\n        %s\n" % line in text, text
    for name, kind in (("stock", "Stock"), ("money", "Money"), ("counts", "Counter")):
        assert re.search(r"\n        %s = <%s at 0x\w+>\n" % (name, kind), text)


def test_results_exceptions_and_context(running):
    found = running.answers(["task " + running.tasks[name] for name in TASKS])
    texts = {name: found["task " + running.tasks[name]] for name in TASKS}
    assert "token=<hidden>" in texts["fails"] and "https://a:<hidden>@example.org/" in texts["fails"]
    assert "'password': <hidden>, 'session_id': <hidden>" in texts["returns"]
    assert "{'passwd': <hidden>}" in texts["returns"]
    assert "  api_key = <hidden>\n" in texts["context"]
    assert "  request = {'path': '/orders', 'session': <hidden>}\n" in texts["context"]


def test_thread(running):
    threads = running.answers(["threads"])["threads"]
    (tid,) = re.findall(r"^(\d+)  thread ", threads, re.M)
    line = "threads --locals " + tid
    text = running.answers([line])[line]
    assert "\n        token = <hidden>\n        auth = <hidden>\n" in text
