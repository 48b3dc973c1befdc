"""asyncio threads shows of each thread what the program knows of it: state, name, and the stack that
sys._current_frames() has.

By PID for each Python; with AIODBG_ALL=1 attached and from the kernel's core too, in each debugger.
"""

import linecache

import pytest
import stated
from looks import Looks
from program import by_pid

pytestmark = pytest.mark.debug
COMMAND = "asyncio threads --json"
# The frames of another interpreter are around those of the thread in the main one.
JOINED = "interpreter"


@pytest.fixture(scope="module")
def program(interpreter, place):
    found = stated.Stated(place, interpreter, "threads")
    yield found
    found.close()


def differences(document, truth, version, runs=True):
    """runs: whether the C function that a thread is in can be told from a core."""
    shown = {thread["tid"]: thread for thread in document["threads"]}
    known = {thread["tid"]: thread for thread in truth["threads"]}
    found = ["%s: not expected" % tid for tid in shown if tid not in known]
    for tid, thread in known.items():
        if tid not in shown:
            found.append("%s: missing" % thread["name"])
            continue
        one = shown[tid]
        for key in ("name", "state", "calls"):
            if thread[key] is not None and one[key] != thread[key]:
                found.append("%s: %s is %s" % (thread["name"], key, one[key]))
        stack = [[named(frame, version), frame["file"], frame["line"]] for frame in one["stack"]]
        if thread["name"] == JOINED:
            if [frame[0] for frame in stack[:2]] != ["inside", "<module>"]:
                found.append("%s: %s" % (JOINED, stack[:2]))
            stack = stack[2:]
        if stack != thread["stack"]:
            found.append("%s: stack %s, not %s" % (thread["name"], stack, thread["stack"]))
    return found


def named(frame, version):
    name = frame["function"]
    return name if version >= (3, 11) else name.rsplit(".", 1)[-1]


def test_by_pid(program, interpreter):
    document = program.by_pid(COMMAND)[0]
    assert differences(document, program.truth, interpreter.version) == []
    # None of them is in Python.
    assert [one["name"] for one in document["threads"] if one["gil"]] == []


def test_text(program):
    done = by_pid("asyncio threads --pid %d" % program.pid)
    lines = done.output.splitlines()
    assert lines[0].split() == "tid name state GIL loop running task innermost own frame".split()
    for thread in program.truth["threads"]:
        (line,) = [line for line in lines if line.startswith("%d  " % thread["tid"])]
        assert thread["name"] in line
    (line,) = [line for line in lines if "  asks  " in line]
    assert "waits for Task" in line
    (line,) = [line for line in lines if "  lock  " in line]
    assert "waits for lock 0x" in line and "wait threads.py:" in line


def test_one_thread_with_source_lines(program):
    for thread in program.truth["threads"]:
        if thread["name"] == JOINED:
            continue
        line = "asyncio threads %d --pid %d" % (thread["tid"], program.pid)
        lines = by_pid(line).output.splitlines()
        assert "name          " + thread["name"] in lines
        start = lines.index("Stack, innermost first:") + 1
        places = [line for line in lines[start:] if line.startswith("  ") and line[2] != " "]
        ends = ["%s:%d" % (file, number) for _, file, number in thread["stack"]]
        assert [place.rsplit(" ", 1)[1] for place in places] == ends
        file, number = thread["stack"][0][1:]
        source = linecache.getline(program.place.outer(file), number).strip()
        assert not source or "      " + source in lines


def test_no_such_thread(program):
    done = by_pid("asyncio threads 1 --pid %d" % program.pid)
    assert done.status != 0
    assert "no thread 1 runs Python" in done.errors and str(program.pid) in done.errors


@pytest.mark.optional
@pytest.mark.skipif(not stated.ALL, reason="AIODBG_ALL is not set")
def test_attached_and_core(program, interpreter, lldbs):
    for name, ask in Looks(program, lldbs).each_but_pid():
        found = differences(ask([COMMAND])[COMMAND], program.truth, interpreter.version)
        assert (name, found) == (name, [])
