"""asyncio loops shows of each event loop what the program knows of it.

By PID for each Python; with AIODBG_ALL=1 attached and from the kernel's core too, in each debugger.
"""

import pytest
import stated
from looks import Looks
from program import by_pid

pytestmark = pytest.mark.debug
COMMAND = "asyncio loops --json"
COUNTS = ("ready", "timers", "fds", "tasks")


@pytest.fixture(scope="module")
def program(interpreter, place):
    found = stated.Stated(place, interpreter, "loop_states")
    yield found
    found.close()


def differences(document, truth):
    shown = {loop["id"]: loop for loop in document["loops"]}
    known = {loop["id"]: loop for loop in truth["loops"]}
    found = ["%s: not expected" % id for id in shown if id not in known]
    for id, loop in known.items():
        if id not in shown:
            found.append("%s: missing" % loop["name"])
            continue
        one = shown[id]
        for key in ("state", "type", "calls") + COUNTS:
            if key in loop and one[key] != loop[key]:
                found.append("%s: %s is %s, not %s" % (loop["name"], key, one[key], loop[key]))
    return found


def named(program, name):
    (loop,) = [loop for loop in program.truth["loops"] if loop["name"] == name]
    return loop


def one(program, loop):
    """All of one loop: what is known of it, text and document."""
    known = named(program, loop)
    document = program.by_pid("%s %s" % (COMMAND, known["id"]))[0]
    line = "asyncio loops %s --pid %d" % (known["id"], program.pid)
    (shown,) = document["loops"]
    assert shown["errors"] == []
    return known, shown, by_pid(line).output


def test_by_pid(program):
    document, (before, after) = program.by_pid(COMMAND)
    assert differences(document, program.truth) == []
    for loop in document["loops"]:
        if loop["state"] in ("idle", "busy"):
            assert 0 < loop["seconds"] < 300 and loop["starved"] is None
        if loop["next_timer"] is not None:
            assert before <= loop["due_at"] - loop["next_timer"] <= after


def test_text(program):
    lines = by_pid("asyncio loops %d" % program.pid).output.splitlines()
    assert lines[0].split() == "thread loop class state ready timers next timer fds tasks".split()
    words = {"idle": "idle", "busy": "runs", "closed": "closed", "not running": "not running"}
    for loop in program.truth["loops"]:
        (line,) = [line for line in lines if " %s " % loop["id"] in line]
        assert "  %s" % words[loop["state"]] in line
    (line,) = [line for line in lines if named(program, "locked")["id"] in line]
    assert "runs blocks_in_lock loop_states.py:" in line


def test_what_blocks(program):
    known, shown, text = one(program, "blocked")
    assert [frame["function"] for frame in shown["stack"]][:2] == ["blocks_in_sleep", "blocked"]
    assert "\nstate         runs Task-" in text and "\ncallback      1 of 1 of this round\n" in text
    assert "\nRuns, innermost first:\n  blocks_in_sleep " in text


def test_ready_queue_in_order(program):
    known, shown, text = one(program, "ready")
    queue = shown["ready_queue"]
    assert len(queue) == known["ready"]
    assert [entry["kind"] for entry in queue[:6]] == ["start"] * 5 + ["callback"]
    assert len({entry["task"] for entry in queue[:5]}) == 5
    assert {entry["function"] for entry in queue[5:]} == {"never"}
    assert "\nReady, in order (10,000):\n  1  first step of Task-" in text
    assert "  ... 9,980 more: --top 0\n" in text


def test_timers_by_due_time(program):
    known, shown, text = one(program, "timers")
    dues = [entry["due_at"] for entry in shown["timer_queue"]]
    assert dues == sorted(dues) and len(dues) == known["timers"]
    assert shown["cancelled_timers"] == known["cancelled"]
    # That of its own task is the last but the cancelled ones.
    (sleep,) = [entry for entry in shown["timer_queue"] if entry["kind"] == "sleep"]
    assert sleep["task"]
    assert "\nTimers, by due time (102, and 100 cancelled):\n  in 3" in text


def test_files_with_peers_and_who_waits(program):
    known, shown, text = one(program, "connections")
    files = {file["fd"]: file for file in shown["files"]}
    for file in known["files"]:
        found = files[file["fd"]]
        assert found["peer"] == file["peer"] and found["waiters"] == [file["waiter"]]
        assert found["reads"] and not found["writes"]
        assert found["protocol"] == "StreamReaderProtocol"
    others = [file for fd, file in files.items() if fd not in {one["fd"] for one in known["files"]}]
    kinds = sorted(file["reader"]["kind"] for file in others)
    assert kinds == ["accept", "callback"]
    assert len(known["files"]) == 500 and "\n  ... 482 more: --top 0\n" in text
    assert "  listens  " in text and "_SelectorSocketTransport, StreamReaderProtocol  <- Task-" in text


def test_signals(program):
    known, shown, text = one(program, "main")
    assert [signal["number"] for signal in shown["signals"]] == known["signals"]
    assert "\nSignal handlers:\n  SIGUSR1  never loop_states.py:" in text


def test_callback_that_is_a_class(program):
    known, shown, text = one(program, "main")
    assert shown["timer_queue"][-1]["function"] == "int"


def test_executor(program):
    known, shown, text = one(program, "exhausted")
    executor = shown["executor"]
    assert executor["max_workers"] == len(executor["workers"]) == known["workers"]
    assert [worker["work"] for worker in executor["workers"]] == ["load", "load"]
    assert executor["queued"] == ["load"] * known["queued"]
    assert "2 threads of at most 2, 2 busy, 3 queued\n" in text
    assert " tired_0  runs load, at load loop_states.py:" in text


def test_no_such_loop(program):
    done = by_pid("asyncio loops 0x10 --pid %d" % program.pid)
    assert done.status != 0 and "`asyncio loops` lists" in done.errors
    done = by_pid("asyncio loops nothing --pid %d" % program.pid)
    assert done.status != 0 and "address of a loop" in done.errors


@pytest.mark.optional
@pytest.mark.skipif(not stated.ALL, reason="AIODBG_ALL is not set")
def test_attached_and_core(program, lldbs):
    known = named(program, "connections")
    detail = "%s %s" % (COMMAND, known["id"])
    for name, ask in Looks(program, lldbs).each_but_pid():
        found = ask([COMMAND, detail])
        assert (name, differences(found[COMMAND], program.truth)) == (name, [])
        files = found[detail]["loops"][0]["files"]
        waiters = {file["fd"]: file["waiters"] for file in files}
        assert all(waiters[file["fd"]] == [file["waiter"]] for file in known["files"])
