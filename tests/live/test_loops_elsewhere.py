"""asyncio loops and threads on loops that are not alone: starved by another thread's regular
expression, copied by fork, with jobs in other interpreters; and on those of uvloop and nest_asyncio.
Each is compared with what the program knows of itself.
"""

import time

import pytest
import services
import stated
from place import Absent
from test_loops import differences

COMMAND = "asyncio loops --json"
families = pytest.mark.families
debug = pytest.mark.debug


def running(place, interpreter, program, request):
    found = stated.Stated(place, interpreter, program)
    request.addfinalizer(found.close)
    return found


def detail(program, loop):
    (shown,) = program.by_pid("%s %s" % (COMMAND, loop))[0]["loops"]
    assert shown["errors"] == []
    return shown


# --- More than one loop --------------------------------------------------------------------------


@debug
@families
def test_starved_by_a_regular_expression(interpreter, place, request):
    program = running(place, interpreter, "starved_loops", request)
    truth = program.truth
    time.sleep(0.7)
    loops = {loop["id"]: loop for loop in program.by_pid(COMMAND)[0]["loops"]}
    assert loops.keys() == {truth[name] for name in ("ticks", "matches", "rests")}
    ticks, matches, rests = (loops[truth[name]] for name in ("ticks", "matches", "rests"))
    assert ticks["state"] == "idle" and 0.3 < ticks["starved"] < 60
    assert rests["state"] == "idle" and rests["starved"] is None
    assert matches["state"] == "busy" and matches["calls"] == "match"
    threads = program.by_pid("asyncio threads --json")[0]["threads"]
    (holder,) = [thread for thread in threads if thread["gil"]]
    assert [holder["tid"]] == truth["thread"] and holder["calls"] == "match"
    assert holder["stack"][0]["function"] == "match"


@debug
@families
def test_forked_child(interpreter, place, request):
    program = running(place, interpreter, "forked_loops", request)
    truth, parent = program.truth, program.pid
    found = program.by_pid(COMMAND)[0]["loops"]
    assert {loop["id"]: loop["state"] for loop in found} == dict.fromkeys(truth["loops"], "idle")
    program.pid = child_of(parent, truth["pid"])
    found = {loop["id"]: loop for loop in program.by_pid(COMMAND)[0]["loops"]}
    assert {id: loop["state"] for id, loop in found.items()} == {
        **dict.fromkeys(truth["copies"], "copied by fork"),
        **dict.fromkeys(truth["own"], "idle"),
    }
    assert all(found[id]["thread"] is None for id in truth["copies"])
    (thread,) = [one for one in program.by_pid("asyncio threads --json")[0]["threads"]
                 if one["loop"]]
    assert [thread["loop"]] == truth["own"] and thread["tid"] == program.pid


def child_of(pid, inner):
    """The PID of the only child, which it may know by another number."""
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        children = [int(word) for word in file.read().split()]
    return inner if inner in children else children[0]


@debug
@pytest.mark.since(3, 13)
def test_pool_of_interpreters(interpreter, place, request):
    program = running(place, interpreter, "interpreter_pool", request)
    truth = program.truth
    (loop,) = program.by_pid(COMMAND)[0]["loops"]
    assert (loop["id"], loop["state"], loop["tasks"]) == (truth["loop"], "idle", 6)
    document = program.by_pid()[0]
    waits = [task["waits_for"] for task in document["tasks"] if task["id"] in truth["tasks"]]
    assert {wait["kind"] for wait in waits} == {"executor"}
    assert sorted(wait["thread"] for wait in waits if wait["thread"]) == sorted(truth["workers"])
    assert len([wait for wait in waits if "queued" in wait["text"]]) == truth["queued"]
    for thread in program.by_pid("asyncio threads --json")[0]["threads"]:
        if thread["tid"] not in truth["workers"]:
            continue
        frame = thread["stack"][0]
        assert thread["calls"] == "sleep"
        shown = [frame["function"], frame["file"], frame["line"]]
        assert shown == truth["innermost"] or not truth["innermost"]


# --- Loops of frameworks -------------------------------------------------------------------------


@pytest.fixture(scope="module", params=services.RELEASES)
def frameworks(request):
    try:
        found = services.Frameworks(request.param)
    except Absent as reason:
        pytest.skip(str(reason))
    yield found
    found.close()


class Python:
    command = services.PYTHON


def test_nest_asyncio(frameworks, request):
    program = running(frameworks, Python, "frameworks/nested_loops", request)
    document = program.by_pid(COMMAND)[0]
    assert differences(document, program.truth) == []
    blocked = named(program, "blocked")
    stack = detail(program, blocked["id"])["stack"]
    assert [frame["function"] for frame in stack][0] == "blocks"


def test_uvloop(frameworks, request):
    program = running(frameworks, Python, "frameworks/uvloop_loops", request)
    document = program.by_pid(COMMAND)[0]
    assert differences(document, program.truth) == []
    for loop in document["loops"]:
        assert loop["fds"] is None and 900 < loop["next_timer"] < 1001


def test_queues_of_uvloop(frameworks, request):
    program = running(frameworks, Python, "frameworks/uvloop_loops", request)
    known = named(program, "blocked")
    shown = detail(program, known["id"])
    queue = shown["ready_queue"]
    assert len(queue) == known["ready"] and len(shown["timer_queue"]) == known["timers"]
    steps = [entry["task"] for entry in queue if entry["task"]]
    assert steps == known["steps"]
    assert {entry["kind"] for entry in queue if entry["task"]} == {"start"}
    assert {entry["function"] for entry in queue if not entry["task"]} == {"never"}
    known = named(program, "waits")
    shown = detail(program, known["id"])
    assert len(shown["timer_queue"]) == known["timers"] and shown["ready_queue"] == []
    (sleep,) = [entry for entry in shown["timer_queue"] if entry["task"]]
    assert sleep["kind"] == "sleep"
    files = {file["fd"]: file for file in shown["files"]}
    assert {files[fd]["transport"] for fd in known["clients"]} == {"TCPTransport"}
    assert sorted(id for file in files.values() for id in file["waiters"]) == known["serving"]
    assert len(shown["executor"]["workers"]) == known["executor"]
    assert {file["reads"] for file in files.values()} == {None}


def named(program, name):
    (loop,) = [loop for loop in program.truth["loops"] if loop["name"] == name]
    return loop
