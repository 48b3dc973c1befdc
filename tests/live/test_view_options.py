# SPDX-License-Identifier: MIT
"""--with, --group, --compact and --frames of a process by its PID, in GDB and in LLDB."""

import contextlib
import itertools
import re
import subprocess
import sys

import debugger
import lldb_debugger
import pytest

PROGRAM = """
import asyncio, contextvars, sys

async def query(lock):
    async with lock:
        await asyncio.sleep(3600)

async def handle(lock):
    await asyncio.create_task(query(lock))

USER = contextvars.ContextVar("user")
TOKEN = contextvars.ContextVar("token")

def request(lock, i):
    USER.set("anna" if i % 4 else "bert")
    TOKEN.set("hunter2")
    return asyncio.create_task(handle(lock), name="req-%d" % i)

async def main():
    lock = asyncio.Lock()
    requests = [contextvars.copy_context().run(request, lock, i) for i in range(20)]
    await asyncio.sleep(0.1)
    print("ready", flush=True)
    await asyncio.gather(*requests)

asyncio.run(main())
"""


@contextlib.contextmanager
def running(program):
    words = [sys.executable, "-c", program]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def pid(request):
    """Of the program above, or of another fixture that a test names."""
    other = getattr(request, "param", None)
    if other:
        yield request.getfixturevalue(other)
        return
    with running(PROGRAM) as process:
        yield process.pid


@pytest.fixture(params=["gdb", *lldb_debugger.LLDBS])
def answer(request, pid):
    """What a command prints about the program."""

    def run(line):
        line = "asyncio %s --pid %d" % (line, pid)
        if request.param == "gdb":
            done = debugger.gdb(["-ex", line])
        else:
            done = request.getfixturevalue("lldbs")[request.param].run([line])
        assert done.status == 0, done.errors
        return done.output.strip()

    return run


def test_filter(answer):
    shown = answer("ps --with waits=lock --top 5")
    assert len(re.findall(r"^\d+ +0x", shown, re.MULTILINE)) == 5
    left = "Left out: 22 tasks by --with waits=lock, 14 tasks by --top: --top 0 shows them."
    assert shown.endswith("\n" + left)


def test_groups(answer):
    shown = answer("ps --group")
    assert re.search(r"^ +20  pending +0x\w+ +task +main > handle ", shown, re.MULTILINE)
    row = r"^ +19  pending +0x\w+ +Lock 0x\w+ .*main > handle > query "
    assert re.search(row, shown, re.MULTILINE)
    assert shown.endswith("  41  tasks in 4 groups")


def test_compact_tree(answer):
    shown = answer("pstree --compact")
    assert "\n    19 x (T) req-1\n        handle <string>:9\n" in shown
    assert "            query <string>:5\n" in shown
    assert "main <string>:24\n" in shown
    assert "    <- sleeps " in shown


def test_context_variables(answer):
    shown = answer("ps --group=context.user")
    assert re.search(r"^ +30  0x\w+ +anna +\S+$", shown, re.MULTILINE)
    assert re.search(r"^ +10  0x\w+ +bert +\S+$", shown, re.MULTILINE)
    assert re.search(r"^ +1  0x\w+ +- +Task-1$", shown, re.MULTILINE)
    shown = answer("ps --with context.user=be* --sort context.user")
    assert len(re.findall(r"^\d+ +0x", shown, re.MULTILINE)) == 10
    # By its value, and those that lack it last.
    users = dict.fromkeys(re.findall(r"^\d+ +(0x\w+) ", shown, re.MULTILINE))
    rows = re.findall(r"^\d+ +(0x\w+) ", answer("ps --sort context.user"), re.MULTILINE)
    rows = list(dict.fromkeys(rows))
    assert len(users) == 10 and rows[30:40] == list(users) and len(rows) == 41
    # Any of several patterns of one variable, all of different keys.
    options = "--with context.user=be* --with context.user=x --with name=req- --without name=*6"
    assert len(re.findall(r"^\d+ +0x", answer("ps " + options), re.MULTILINE)) == 4
    assert "<hidden>" in answer("ps --group=context.token")


def test_sorted_by_stack(answer):
    rows = re.findall(r"^\d+ +0x\w+ +(\S+) +(.*)$", answer("ps --sort stack"), re.MULTILINE)
    assert [len(list(some)) for _, some in itertools.groupby(rows, is_request)] == [20, 19, 2]


def is_request(row):
    return row[0].startswith("req-"), "Lock.acquire" in row[1]


def test_loops(answer):
    shown = answer("loops")
    (loop,) = re.findall(r"^\d+ +(0x\w+)  \w*EventLoop  idle ", shown, re.MULTILINE)
    detail = answer("loops " + loop)
    assert re.search(r"^loop +%s$" % loop, detail, re.MULTILINE)
    assert re.search(r"^Timers, by due time \(1\):$", detail, re.MULTILINE)


def test_threads(answer):
    (tid,) = re.findall(r"^(\d+) +MainThread +in select ", answer("threads"), re.MULTILINE)
    detail = answer("threads " + tid)
    assert re.search(r"^name +MainThread$", detail, re.MULTILINE)
    assert re.search(r"^  EpollSelector.select /.*:\d+$", detail, re.MULTILINE)
    assert "... " in answer("threads --frames own " + tid)


def test_threads_in_view(answer):
    shown = answer("threads --group")
    assert re.search(r"^ +1  \d+  in select +<module> <string>:26\n +1  thread in 1 group$", shown, re.M)
    shown = answer("threads --with state=select --without name=Main*")
    assert shown.endswith("Left out: 1 thread by --with state=select --without name=Main*.")


def test_values_are_completed():
    """Where they are few, and the next one is said to who has mistyped."""
    lines = ("ps --with state=ru", "ps --group=wa", "ps --sort st", "threads --with state=ru")
    done = debugger.gdb(debugger.each("complete asyncio " + line for line in lines))
    assert done.output.splitlines() == [
        "asyncio ps --with state=running",
        "asyncio ps --group=waits",
        "asyncio ps --sort stack",
        "asyncio ps --sort state",
        "asyncio threads --with state=runs",
    ]


def test_own_frames(answer):
    shown = answer("pstree --frames own --with name=req-0")
    assert "handle <string>:9" in shown
    assert "Left out: 39 tasks by --with name=req-0." in shown


REQUESTS = """
import asyncio

async def take(first, second):
    async with first:
        await asyncio.sleep(0.05)
        async with second:
            pass

async def app(scope, receive, send):
    await asyncio.create_task(take(*scope["locks"]))

async def main():
    a, b = asyncio.Lock(), asyncio.Lock()
    requests = []
    for i in range(1, 3):
        scope = {"type": "http", "method": "GET", "path": "/orders/%d" % i}
        scope["locks"] = (a, b) if i % 2 else (b, a)
        requests.append(asyncio.create_task(app(scope, None, None)))
    await asyncio.sleep(0.2)
    print("ready", flush=True)
    await asyncio.gather(*requests)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def deadlock():
    with running(REQUESTS) as process:
        yield process.pid


@pytest.mark.parametrize("pid", ["deadlock"], indirect=True)
def test_verdicts_name_requests(answer):
    shown = answer("why")
    for path in ("/orders/1", "/orders/2"):
        assert re.search(r"^  \S+  0x\w+  GET %s  waits for Lock 0x" % path, shown, re.MULTILINE)
    assert "Lock.acquire" not in shown
    assert "          Lock.acquire /" in answer("why --frames all")
