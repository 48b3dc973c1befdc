"""What the live tests share: places, interpreters, cells, and what a skipped test means.

    python3 -m pytest tests/live                    each layout once, in a few minutes
    AIODBG_ALL=1 python3 -m pytest tests/live       each interpreter, and more programs for each
    python3 -m pytest tests/live -k 3.14-gather     one program under one Python
    python3 -m pytest tests/live --every-program    no smaller choice for any interpreter
    python3 -m pytest tests/live --all              no smaller choice of services for why

They need root's rights (chroot), what scripts/make-root and make-machines make, and a build. Which
interpreters there are is said in interpreter.py. A file added to tests/programs is run by all of
them, from the Python on that its REQUIRES names: it has to call report.ready(), and to give its
tasks names that tell them apart in differences.py. Those in NO_CELLS of cells.py have tests of
their own instead.
"""

import contextlib
import functools
import os

import debugger
import pytest
from cells import Cells, chosen, everything, grid
from interpreter import INTERPRETERS
from lldb_debugger import LLDBS, NAMES, Lldb
from place import CHECKOUT, Absent, Host
from root import Root

# Those in which frames, tasks and their lists are laid out in ways of their own.
FAMILIES = ((3, 8), (3, 11), (3, 14))

MARKERS = (
    "programs(name, ...): only cells of these programs",
    "since(major, minor): only Pythons from this one on",
    "before(major, minor): only Pythons before this one",
    "only((major, minor), ...): only these Pythons",
    "required: only Pythons that have to be there",
    "debug: debug builds too, for tests that are not about cells",
    "families: one Python of each family of layouts, unless everything is asked for",
    "optional: may be skipped where all else is required",
    "matrix(target, result='passed', debugger='GDB'): what scripts/matrix shows if this passes",
)


def pytest_addoption(parser):
    parser.addoption("--every-program", action="store_true", help="for all interpreters")
    parser.addoption("--all", action="store_true", help="all services, seeds, interpreters of why")


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_generate_tests(metafunc):
    definition = metafunc.definition
    if "cell" in metafunc.fixturenames:
        marker = definition.get_closest_marker("programs")
        keys = grid(metafunc.config.getoption("every_program", False))
        keys = [key for key in keys if not marker or key[1] in marker.args]
        keys = [key for key in keys if fits(INTERPRETERS[key[0]], definition)]
        ids = ["-".join(key) for key in keys]
        metafunc.parametrize("cell", keys, ids=ids, indirect=True)
    elif "interpreter" in metafunc.fixturenames:
        debug = definition.get_closest_marker("debug")
        interpreters = INTERPRETERS if everything() else chosen()
        names = [name for name, one in interpreters.items() if fits(one, definition)]
        if definition.get_closest_marker("families") and not everything():
            names = [name for name in names if INTERPRETERS[name].version in FAMILIES]
            debug = None
        names = [name for name in names if debug or not INTERPRETERS[name].debug]
        metafunc.parametrize("interpreter", names, indirect=True, scope="module")


def fits(interpreter, definition):
    since = definition.get_closest_marker("since")
    before = definition.get_closest_marker("before")
    only = definition.get_closest_marker("only")
    if definition.get_closest_marker("required") and not interpreter.required:
        return False
    if only and interpreter.version not in only.args:
        return False
    if since and interpreter.version < since.args:
        return False
    return not before or interpreter.version < before.args


def cell_of(item):
    """The names of interpreter and program that a test is parametrized with, or None."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    key = params.get("cell")
    # Something else where there was nothing to choose from.
    return key if isinstance(key, tuple) else None


def interpreter_of(item):
    """The interpreter that a test is parametrized with, or None."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    key = cell_of(item)
    return INTERPRETERS.get(key[0] if key else params.get("interpreter"))


def pytest_collection_modifyitems(items):
    """Tests of cells come last, since the cells are collected while others run."""
    items.sort(key=lambda item: cell_of(item) is not None)


def pytest_runtest_setup(item):
    """Write into the report (JUnit) what scripts/matrix wants to know."""
    marker = item.get_closest_marker("matrix")
    interpreter = interpreter_of(item)
    if marker and interpreter:
        shows(item, interpreter, *marker.args, **marker.kwargs)


def shows(item, interpreter, target, result="passed", debugger="GDB"):
    """If the test item passes, result is what the table of what works says."""
    name = gdb_version() if debugger == "GDB" else debugger
    version = "%d.%d" % interpreter.version
    parts = (version, interpreter.build, target, name, result)
    item.user_properties.append(("matrix", " | ".join(parts)))


@functools.lru_cache(maxsize=None)
def gdb_version():
    return debugger.version()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Where everything has to be there, a test that finds something absent has failed."""
    outcome = yield
    report = outcome.get_result()
    interpreter = interpreter_of(item)
    optional = item.get_closest_marker("optional") or (interpreter and not interpreter.required)
    required = os.environ.get("CI") and not optional
    if report.skipped and required and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = "required, but skipped: %s" % (report.longrepr[-1],)


def built_library():
    """The library that the front-end will load; Absent if it would find none."""
    named = os.environ.get("AIODBG_LIBRARY")
    library = named or os.path.join(CHECKOUT, "build", "core", "libaiodbg.so")
    if not os.path.exists(library):
        raise Absent("no %s: meson setup build && meson compile -C build" % library)
    return library


@pytest.fixture(scope="session")
def library():
    try:
        return built_library()
    except Absent as reason:
        pytest.skip(str(reason))


class Places:
    """Each place, made when it is first asked for."""

    KINDS = {"root": Root, "host": Host}

    def __init__(self):
        self._made = {}

    def get(self, kind):
        """Raises Absent, every time, if it cannot be made."""
        if kind not in self._made:
            try:
                self._made[kind] = self.KINDS[kind]()
            except Absent as reason:
                self._made[kind] = reason
        if isinstance(self._made[kind], Absent):
            raise self._made[kind]
        return self._made[kind]

    def of(self, interpreter):
        """The place that has the interpreter. Raises Absent."""
        place = self.get(interpreter.place)
        if not os.path.exists(place.outer(interpreter.command)):
            raise Absent("no %s" % place.outer(interpreter.command))
        return place

    def close(self):
        with contextlib.ExitStack() as stack:
            for place in self._made.values():
                if not isinstance(place, Absent):
                    stack.callback(place.close)


@pytest.fixture(scope="session")
def places(library):
    found = Places()
    yield found
    found.close()


@pytest.fixture(scope="session")
def root(places):
    """The root folder. One that is absent skips all tests that need it."""
    try:
        return places.get("root")
    except Absent as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def interpreter(request):
    """The interpreter that a test is parametrized with."""
    return INTERPRETERS[request.param]


@pytest.fixture(scope="module")
def place(interpreter, places):
    """The place that has it."""
    try:
        return places.of(interpreter)
    except Absent as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session", autouse=True)
def cells_started(request):
    if any(cell_of(item) for item in request.session.items):
        request.getfixturevalue("cells")


@pytest.fixture(scope="session")
def cells(request, places):
    """All cells that the chosen tests need, started at once."""
    wanted = {}
    for item in request.session.items:
        key = cell_of(item)
        if not key or key in wanted:
            continue
        interpreter = INTERPRETERS[key[0]]
        try:
            wanted[key] = places.of(interpreter), interpreter, key[1]
        except Absent:
            continue
    found = Cells(wanted)
    yield found
    found.close()


@pytest.fixture
def cell(request, places, cells):
    """The cell that a test is parametrized with."""
    try:
        places.of(INTERPRETERS[request.param[0]])
    except Absent as reason:
        pytest.skip(str(reason))
    return cells.get(request.param)


@pytest.fixture(scope="session")
def lldbs(places):
    """All LLDBs that are there, by name."""
    root, found = None, {}
    with contextlib.suppress(Absent):
        root = places.get("root")
        if root.has("lldb"):
            found["root"] = Lldb("/usr/bin/lldb", root, root)
    with contextlib.suppress(Absent):
        found.update((name, Lldb(path, places.get("host"), root)) for name, path in LLDBS.items())
    return found


@pytest.fixture(params=NAMES)
def lldb(request, lldbs):
    """One of them."""
    if request.param not in lldbs:
        where = "in the root folder" if request.param == "root" else "on this machine"
        pytest.skip("no lldb %s" % where)
    return lldbs[request.param]
