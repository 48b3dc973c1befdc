"""`asyncio why` of services that are sick, of their twins, and of healthy ones under load: by PID,
and of a core that the kernel writes of each sick one.

Each program of tests/programs/sick prints its truth; judge.py compares. Usually a choice is run:
one seed, each sick program under one Python of each family of layouts, each twin under two of
them. Those on real packages are run in the root folders that have these. All Pythons, each with
another seed:

    python3 -m pytest tests/live/test_why.py --all          or AIODBG_ALL=1
    python3 -m pytest tests/live/test_why.py -k lock_order
"""

import concurrent.futures
import glob
import itertools
import json
import os
import re
import select
import signal
import time

import cells
import pytest
from interpreter import INTERPRETERS
from judge import judge, judge_core
from place import PROGRAMS, Absent
from program import by_pid
from services import PYTHON, RELEASES, Frameworks
from program import program as aiodbg_program

pytestmark = [pytest.mark.usefixtures("why"), pytest.mark.optional]

# A Python of each family of layouts.
FAMILIES = ((3, 8), (3, 11), (3, 13), (3, 14), (3, 15))
SEEDS, ALL_SEEDS = (1,), (1, 2, 3)
TWINS_EACH = 2
# These are not programs.
HELPERS = ("service", "background", "load")
READY_SECONDS = 90
MISSING = 77
PARALLEL = 4
SICK, TWIN, HEALTHY, CORE = "sick", "twin", "healthy", "core"
CORE_SECONDS = 60
# How often a healthy program is looked at while it works.
LOOKS = 3
# How often a sick one is, at most.
TRIES = 3
NUMBERS = itertools.count()


def programs(folder):
    names = sorted(os.listdir(os.path.join(PROGRAMS, folder)))
    names = [name[:-3] for name in names if name.endswith(".py")]
    return [name for name in names if name not in HELPERS]


def packaged(program):
    """Whether it needs what only the root folders with frameworks have."""
    with open(os.path.join(PROGRAMS, "sick", program + ".py"), encoding="utf-8") as source:
        return re.search("^PACKAGES = ", source.read(), re.MULTILINE)


def uses_postgres(program, kind):
    if kind == HEALTHY:
        return False
    with open(os.path.join(PROGRAMS, "sick", program + ".py"), encoding="utf-8") as source:
        return "AIODBG_POSTGRES" in source.read()


def families():
    """The names of the interpreters that stand for a family."""
    found = []
    for version in FAMILIES:
        names = [name for name, one in INTERPRETERS.items() if one.version == version]
        names = [name for name in names if INTERPRETERS[name].build == "release"]
        found += names[:1]
    return found


def cases(everything):
    """What is looked at: (interpreter or release, program, seed, kind)."""
    few, found = families(), []
    names = list(INTERPRETERS) if everything else few
    seeds = ALL_SEEDS if everything else SEEDS

    def add(names, program, number, kind):
        for k, name in enumerate(names):
            found.append((name, program, seeds[(number + k) % len(seeds)], kind))

    for number, program in enumerate(programs("sick")):
        sick, twins = names, names
        if packaged(program):
            sick = twins = RELEASES
        elif few and not everything:
            twins = sorted({few[(number + 2 * k) % len(few)] for k in range(TWINS_EACH)})
        cores = sick if everything or not few or packaged(program) else [few[number % len(few)]]
        for kind, some in (SICK, sick), (TWIN, twins), (CORE, cores):
            add(some, program, number, kind)
    for number, program in enumerate(programs("healthy")):
        some = names if everything or not few else [few[number % len(few)]]
        add(some, program, number, HEALTHY)
    return found


def pytest_generate_tests(metafunc):
    if "why_case" in metafunc.fixturenames:
        wanted = cases(metafunc.config.getoption("--all") or cells.everything())
        ids = ["%s-%s-%d-%s" % one for one in wanted]
        metafunc.parametrize("why_case", wanted, ids=ids)


class Program(cells.Process):
    """A program that prints one line of JSON when it is ready."""

    def truth(self):
        """Its truth. Raises Absent if something is missing that it needs."""
        text, give_up = b"", time.monotonic() + READY_SECONDS
        while b"\n{" not in b"\n" + text or not text.endswith(b"\n"):
            left = give_up - time.monotonic()
            if left < 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise RuntimeError("not ready after %d seconds" % READY_SECONDS)
            piece = os.read(self._process.stdout.fileno(), 65536)
            if not piece:
                return self._ended(text.decode(errors="replace"))
            text += piece
        line = [one for one in text.decode().splitlines() if one.startswith("{")][0]
        return json.loads(line)

    def _ended(self, text):
        status = self._process.wait()
        if status == MISSING:
            raise Absent(text.strip())
        raise RuntimeError("ended with status %d before it was ready:\n%s" % (status, text))


def look(pid, options=""):
    """What `asyncio why` says of a process, as a document."""
    done = by_pid("asyncio why --json %s %d" % (options, pid))
    if done.status != 0:
        raise RuntimeError("asyncio why: %s" % done.errors)
    return json.loads(done.output)


def examine(place, python, program, seed, kind):
    """Run one program; what it says of itself, and what is said of it, several times."""
    folder = HEALTHY if kind == HEALTHY else SICK
    command = [python, "-B", place.inner_program("%s/%s" % (folder, program))]
    command += ["--seed", str(seed)] + (["--healthy"] if kind == TWIN else [])
    environment = {"AIODBG_POSTGRES": place.postgres()} if uses_postgres(program, kind) else {}
    inner = place.folder("why-%s-%d" % (program, next(NUMBERS))) if kind == CORE else "/"
    with Program(place, command, inner, environment) as process:
        truth = process.truth()
        for step in truth["steps"]:
            os.kill(truth["pid"], getattr(signal, step))
        # What is certain or likely has to show by itself.
        key = "in_core" if kind == CORE else "least"
        least = {one.get(key, one["least"]) for one in truth["verdicts"]} - {None}
        options = "" if least and "possible" not in least else "--all"
        if kind == SICK:
            return truth, [look_until_right(truth, options)]
        if kind == CORE:
            return truth, [look_at_core(place, inner, truth["pid"], options)]
        looks = LOOKS if kind == HEALTHY else 1
        return truth, [look(truth["pid"], options) for _ in range(looks)]


def look_until_right(truth, options):
    """The last of a few looks. What is sure by how long something lasts is less sure on a machine
    that has no time to give to the process, as when tests run beside each other."""
    for _ in range(TRIES):
        document = look(truth["pid"], options)
        if not judge(document, truth):
            break
    return document


def look_at_core(place, inner, pid, options):
    """The same of the core that it leaves. A process that is stopped ends when it goes on."""
    os.kill(pid, signal.SIGABRT)
    os.kill(pid, signal.SIGCONT)
    give_up = time.monotonic() + CORE_SECONDS
    while os.path.exists("/proc/%d/maps" % pid) and open("/proc/%d/maps" % pid).read(1):
        if time.monotonic() > give_up:
            raise RuntimeError("does not crash")
        time.sleep(0.05)
    cores = glob.glob(place.outer(inner) + "/core*")
    if not cores:
        raise Absent("the kernel has written no core")
    root = ["--sysroot", place.path] if place.path else []
    done = aiodbg_program("why", cores[0], "--json", *options.split(), *root)
    os.unlink(cores[0])
    if done.returncode:
        raise RuntimeError("aiodbg why: %s" % done.stderr.decode())
    return json.loads(done.stdout)


class Where:
    """The place and the Python of a case, made when it is first asked for."""

    def __init__(self, places):
        self._places = places
        self._made = {}

    def of(self, name):
        """Raises Absent."""
        if name in INTERPRETERS:
            return self._places.of(INTERPRETERS[name]), INTERPRETERS[name].command
        if name not in self._made:
            self._made[name] = Frameworks(name)
        return self._made[name], PYTHON

    def close(self):
        for place in self._made.values():
            place.close()


@pytest.fixture(scope="session")
def why(library):
    """Skips where there is no such command."""
    done = by_pid("asyncio why --help")
    if done.status != 0:
        pytest.skip("no asyncio why")


@pytest.fixture(scope="session")
def answers(request, why, places):
    """All cases that the chosen tests need, in flight. A future, or why there is none, by case."""
    found, where = {}, Where(places)
    pool = concurrent.futures.ThreadPoolExecutor(PARALLEL)
    for item in request.session.items:
        case = item.callspec.params.get("why_case") if hasattr(item, "callspec") else None
        if case is None or case in found:
            continue
        try:
            found[case] = pool.submit(examine, *where.of(case[0]), *case[1:])
        except Absent as reason:
            found[case] = reason
    yield found
    for future in found.values():
        if isinstance(future, concurrent.futures.Future):
            future.cancel()
    pool.shutdown()
    where.close()


# Sick programs of which nothing is said yet.
TO_COME = ()


def test_why(why_case, answers, request):
    found = answers[why_case]
    if why_case[1] in TO_COME and why_case[3] in (SICK, CORE):
        # A Python of which all is said already is welcome.
        request.applymarker(pytest.mark.xfail(reason="its verdict is still to come", strict=False))
    try:
        if isinstance(found, Absent):
            raise found
        truth, documents = found.result()
    except Absent as reason:
        pytest.skip(str(reason))
    compare = judge_core if why_case[3] == CORE else judge
    assert [compare(document, truth) for document in documents] == [[]] * len(documents)


def test_time_of_being_stopped_is_not_that_of_a_callback(why, places):
    """What a process that was stopped has not done meanwhile says nothing of its loop."""
    name = (families() or sorted(INTERPRETERS))[0]
    try:
        place = places.of(INTERPRETERS[name])
    except Absent as reason:
        pytest.skip(str(reason))
    command = [INTERPRETERS[name].command, "-B", place.inner_program(HEALTHY + "/long_callbacks")]
    with Program(place, command) as process:
        pid = process.truth()["pid"]
        for _ in range(3):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(2.5)
            os.kill(pid, signal.SIGCONT)
            said = look(pid, "--all")["verdicts"]
            blocked = [one for one in said if one["kind"] == "loop-blocked"]
            assert "certain" not in [one["certainty"] for one in blocked]
