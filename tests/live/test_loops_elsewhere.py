"""asyncio loops and threads on loops that are not alone: starved by another thread's regular
expression, copied by fork, with jobs in other interpreters; and on those of uvloop and nest_asyncio.
Each is compared with what the program knows of itself: by PID, and in its core; with AIODBG_ALL=1
attached in each debugger, and the core in each.
"""

import contextlib
import time

import pytest
import services
import stated
from looks import Looks
from place import Absent
from test_loops import differences

LOOPS = "asyncio loops --json"
THREADS = "asyncio threads --json"
WAITS = "asyncio ps --json --waits"
families = pytest.mark.families
debug = pytest.mark.debug


@contextlib.contextmanager
def running(place, interpreter, name, lldbs):
    """A program, and the ways to look at it."""
    program = stated.Stated(place, interpreter, name)
    try:
        yield program, Looks(program, lldbs)
    finally:
        program.close()


def each_way(looks, lines, check, pid=None):
    """check(documents, runs): runs is whether now is known."""
    name, ask = looks.by_pid(pid)
    check(ask(lines), True)
    if stated.ALL:
        for name, ask in looks.attached(pid):
            said(name, check, ask(lines))
    try:
        core = looks.gcore(pid) if pid else looks.crash()
    except Absent as reason:
        pytest.skip(str(reason))
    for name, ask in looks.cores(core):
        said(name, check, ask(lines))
    if stated.ALL:
        for name, ask in looks.cores_in_debuggers(core):
            said(name, check, ask(lines))


def said(name, check, documents):
    try:
        check(documents, False)
    except AssertionError as error:
        raise AssertionError("%s: %s" % (name, error)) from error


def of_each(loops):
    return ["%s %s" % (LOOPS, loop["id"]) for loop in loops]


def detail(documents, loop):
    (shown,) = documents["%s %s" % (LOOPS, loop)]["loops"]
    assert shown["errors"] == []
    return shown


# --- More than one loop --------------------------------------------------------------------------


@debug
@families
def test_starved_by_a_regular_expression(interpreter, place, lldbs):
    with running(place, interpreter, "starved_loops", lldbs) as (program, looks):
        truth = program.truth
        time.sleep(0.7)

        def check(documents, runs):
            loops = {loop["id"]: loop for loop in documents[LOOPS]["loops"]}
            assert loops.keys() == {truth[name] for name in ("ticks", "matches", "rests")}
            ticks, matches, rests = (loops[truth[name]] for name in ("ticks", "matches", "rests"))
            assert ticks["state"] == rests["state"] == "idle" and rests["starved"] is None
            assert 0.3 < ticks["starved"] < 60 if runs else ticks["starved"] is None
            assert matches["state"] == "busy" and matches["calls"] == "match"
            (holder,) = [one for one in documents[THREADS]["threads"] if one["gil"]]
            assert [holder["tid"]] == truth["thread"] and holder["calls"] == "match"
            assert holder["stack"][0]["function"] == "match"

        each_way(looks, [LOOPS, THREADS], check)


@debug
@families
def test_forked_child(interpreter, place, lldbs):
    with running(place, interpreter, "forked_loops", lldbs) as (program, looks):
        truth, parent = program.truth, program.pid
        found = looks.by_pid()[1]([LOOPS])[LOOPS]["loops"]
        assert {one["id"]: one["state"] for one in found} == dict.fromkeys(truth["loops"], "idle")
        child = child_of(parent, truth["pid"])

        def check(documents, runs):
            found = {loop["id"]: loop for loop in documents[LOOPS]["loops"]}
            assert {id: loop["state"] for id, loop in found.items()} == {
                **dict.fromkeys(truth["copies"], "copied by fork"),
                **dict.fromkeys(truth["own"], "idle"),
            }
            assert all(found[id]["thread"] is None for id in truth["copies"])
            (thread,) = [one for one in documents[THREADS]["threads"] if one["loop"]]
            assert [thread["loop"]] == truth["own"] and thread["tid"] == child

        each_way(looks, [LOOPS, THREADS], check, child)


def child_of(pid, inner):
    """The PID of the only child, which it may know by another number."""
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        children = [int(word) for word in file.read().split()]
    return inner if inner in children else children[0]


@debug
@pytest.mark.since(3, 13)
def test_pool_of_interpreters(interpreter, place, lldbs):
    with running(place, interpreter, "interpreter_pool", lldbs) as (program, looks):
        truth = program.truth

        def check(documents, runs):
            (loop,) = documents[LOOPS]["loops"]
            assert (loop["id"], loop["state"], loop["tasks"]) == (truth["loop"], "idle", 6)
            tasks = documents[WAITS]["tasks"]
            waits = [task["waits_for"] for task in tasks if task["id"] in truth["tasks"]]
            assert {wait["kind"] for wait in waits} == {"executor"}
            workers = sorted(wait["thread"] for wait in waits if wait["thread"])
            assert workers == sorted(truth["workers"])
            assert len([wait for wait in waits if "queued" in wait["text"]]) == truth["queued"]
            check_workers(documents[THREADS]["threads"], truth)

        each_way(looks, [LOOPS, THREADS, WAITS], check)


def check_workers(threads, truth):
    for thread in threads:
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


def test_nest_asyncio(frameworks, lldbs):
    with running(frameworks, Python, "frameworks/nested_loops", lldbs) as (program, looks):

        def check(documents, runs):
            assert differences(documents[LOOPS], program.truth) == []
            stack = detail(documents, named(program, "blocked")["id"])["stack"]
            assert [frame["function"] for frame in stack][0] == "blocks"

        each_way(looks, [LOOPS] + of_each(program.truth["loops"]), check)


def test_uvloop(frameworks, lldbs):
    with running(frameworks, Python, "frameworks/uvloop_loops", lldbs) as (program, looks):

        def check(documents, runs):
            assert differences(documents[LOOPS], program.truth) == []
            for loop in documents[LOOPS]["loops"]:
                assert 900 < loop["next_timer"] < 1001 if runs else loop["next_timer"] is None
            check_blocked(documents, named(program, "blocked"))
            check_waiting(documents, named(program, "waits"))

        each_way(looks, [LOOPS] + of_each(program.truth["loops"]), check)


def check_blocked(documents, known):
    shown = detail(documents, known["id"])
    queue = shown["ready_queue"]
    assert len(queue) == known["ready"] and len(shown["timer_queue"]) == known["timers"]
    steps = [entry["task"] for entry in queue if entry["task"]]
    assert steps == known["steps"]
    assert {entry["kind"] for entry in queue if entry["task"]} == {"start"}
    assert {entry["function"] for entry in queue if not entry["task"]} == {"never"}


def check_waiting(documents, known):
    shown = detail(documents, known["id"])
    assert len(shown["timer_queue"]) == known["timers"] and shown["ready_queue"] == []
    (sleep,) = [entry for entry in shown["timer_queue"] if entry["task"]]
    assert sleep["kind"] == "sleep"
    files = {file["fd"]: file for file in shown["files"]}
    assert {files[fd]["transport"] for fd in known["clients"]} == {"TCPTransport"}
    assert sorted(id for file in files.values() for id in file["waiters"]) == known["serving"]
    assert len(shown["executor"]["workers"]) == known["executor"]
    watched = {str(fd): [file["reads"], file["writes"]] for fd, file in files.items()}
    assert watched == known["watched"]
    assert files[known["listens"]]["transport"] == "TCPServer"
    (writer,) = [file["writer"]["function"] for file in files.values() if file["writer"]]
    assert writer == "never" and files[known["listens"]]["reader"] is None


def named(program, name):
    (loop,) = [loop for loop in program.truth["loops"] if loop["name"] == name]
    return loop
