"""Services on real frameworks, with requests in flight: what they say of themselves is shown.

Each runs suspended, and some with the loop's thread blocked in a handler's plain function, in a
greenlet, in a callback, or in one that Cython has compiled. They come from the root folders of
scripts/make-frameworks; `scripts/check --all` runs all of them, scripts/check those of CHOSEN.

    AIODBG_ALL=1 python3 -m pytest tests/live/test_frameworks.py -k grpc
"""

import concurrent.futures
import fnmatch
import os

import pytest
import services
from place import Absent

SUSPENDED = [
    ("fastapi",),
    ("fastapi", "--uvloop"),
    ("aiohttp",),
    ("quart",),
    ("anyio",),
    ("websockets",),
    ("tornado",),
    ("sqlalchemy",),
    ("sqlalchemy", "asyncpg"),
    ("asyncpg",),
    ("asyncpg", "--uvloop"),
    ("grpc",),
    ("ipykernel",),
    ("cython",),
]
BLOCKED = [
    ("fastapi", "--block=handler"),
    ("fastapi", "--uvloop", "--block=handler"),
    ("fastapi", "--block=call_later"),
    ("fastapi", "--uvloop", "--block=call_later"),
    ("aiohttp", "--block=handler"),
    ("quart", "--block=handler"),
    ("anyio", "--block=handler"),
    ("websockets", "--block=handler"),
    ("tornado", "--block=handler"),
    ("sqlalchemy", "--block=run_sync"),
    ("sqlalchemy", "asyncpg", "--block=run_sync"),
    ("asyncpg", "--uvloop", "--block=handler"),
    ("grpc", "--block=handler"),
    ("ipykernel", "--block=handler"),
    ("cython", "--block=handler"),
    ("cython", "--block=cython"),
]
# A handler blocks in the first step of an await of a compiled coroutine.
COMPILED_FIRST_STEP = [("cython", "--block=handler"), ("grpc", "--block=handler")]
# What scripts/check runs without --all.
CHOSEN = {
    "unstable": [
        ("fastapi", "--uvloop"),
        ("aiohttp",),
        ("sqlalchemy", "asyncpg"),
        ("grpc",),
        ("cython",),
        ("fastapi", "--block=call_later"),
        ("sqlalchemy", "--block=run_sync"),
        ("grpc", "--block=handler"),
    ],
    "bookworm": [("fastapi",), ("sqlalchemy",), ("grpc",), ("cython",)],
}
NAMES = {
    release: SUSPENDED + BLOCKED if os.environ.get("AIODBG_ALL") else CHOSEN[release]
    for release in services.RELEASES
}

# What is not shown yet: which services (as in file names), checks, reason.
MISSING = []


def name_of(release, service):
    return "-".join((release,) + service).replace("---", "--")


class Services:
    """All services that the chosen tests need, two at a time, in the order of tests."""

    def __init__(self, wanted, library):
        self._roots = {}
        self._library = library
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1)
        # Roots are made here, not in the pool.
        self._found = {key: self._start(*key) for key in wanted}

    def _start(self, release, service):
        root = self._root(release)
        if isinstance(root, Absent):
            return root
        return self._pool.submit(services.Service, root, self._library, service[0], service[1:])

    def _root(self, release):
        if release not in self._roots:
            try:
                self._roots[release] = services.Frameworks(release)
            except Absent as reason:
                self._roots[release] = reason
        return self._roots[release]

    def get(self, key):
        found = self._found[key]
        if isinstance(found, Absent):
            pytest.skip(str(found))
        return found.result()

    def close(self):
        for found in self._found.values():
            if not isinstance(found, Absent):
                found.cancel()
        self._pool.shutdown()
        for root in self._roots.values():
            if not isinstance(root, Absent):
                root.close()


@pytest.fixture(scope="module")
def started(request, library):
    """All at once: the tests that follow wait for theirs."""
    items = [item for item in request.session.items if item.fspath == request.node.fspath]
    keys = [item.callspec.params["service"] for item in items]
    found = Services(dict.fromkeys(keys), library)
    yield found
    found.close()


@pytest.fixture
def service(request, started):
    return started.get(request.param)


def cases(check, wanted=lambda service: True):
    """Parameters for a test: each service, marked if it is known to fail the check."""
    found = []
    for release, names in NAMES.items():
        for one in filter(wanted, names):
            name = name_of(release, one)
            reasons = [
                reason
                for pattern, checks, reason in MISSING
                if check in checks.split() and fnmatch.fnmatchcase(name, pattern)
            ]
            kind = {"raises": AssertionError, "strict": True}
            marks = [pytest.mark.xfail(reason=reason, **kind) for reason in reasons[:1]]
            found.append(pytest.param((release, one), id=name, marks=marks))
    return pytest.mark.parametrize("service", found, indirect=True)


def is_blocked(service):
    return any(option.startswith("--block") for option in service)


@cases("whole")
def test_nothing_is_damaged(service):
    assert services.whole(service.live, service.report) == []
    assert services.whole(service.attached, service.report) == []


@cases("gap", lambda service: service in COMPILED_FIRST_STEP)
def test_first_step_of_compiled(service):
    """Other compiled coroutines are in between, and nothing leads to them: that is not silent."""
    assert services.gaps(service.live) == ["blocks"]
    assert services.gaps(service.attached) == ["blocks"]


@cases("tasks")
def test_tasks(service):
    assert services.tasks(service.live, service.report) == []


@cases("stacks")
def test_stacks(service):
    assert services.stacks(service.live, service.report) == []


@cases("awaiters")
def test_awaiters(service):
    assert services.awaiters(service.live, service.report) == []


@cases("waits", lambda service: not is_blocked(service))
def test_waits(service):
    """What tasks wait for is known, but for futures that compiled code and tornado keep."""
    vague = services.vague_waits(service.live)
    assert [one for one in vague if one[2] in services.ALL_KNOWN] == []
    kinds = [one["waits_for"]["kind"] for one in service.live["tasks"] if one["waits_for"]]
    assert kinds.count("unknown") * 50 <= len(kinds)


@cases("attached")
def test_attached(service):
    """GDB shows the same of the process that it has stopped, be it right or wrong."""
    for check in (services.tasks, services.stacks, services.awaiters):
        wanted = check(service.live, service.report)
        assert sorted(check(service.attached, service.report)) == sorted(wanted)


@cases("culprit", is_blocked)
def test_culprit(service):
    assert services.culprit(service.live, service.report) == []


@cases("closing", is_blocked)
def test_closing_line(service):
    assert services.closing_line(service.tree, service.report) == []
