"""What the live tests share: the root folder, the cells, and what a skipped test means.

    python3 -m pytest tests/live                    all, in about a minute
    python3 -m pytest tests/live -k 3.14-gather     one program under one Python

They need root's rights (chroot), the root folder that scripts/make-root makes, and a build. A file
added to tests/programs is run by all of them, from the Python on that its REQUIRES names: it has
to call report.ready(), and to give its tasks names that tell them apart in differences.py.
"""

import os

import pytest
from cells import Cells, grid
from root import CHECKOUT, Absent, Root


def pytest_configure(config):
    config.addinivalue_line("markers", "programs(name, ...): only cells of these programs")
    config.addinivalue_line("markers", "optional: may be skipped where all else is required")


def pytest_generate_tests(metafunc):
    if "cell" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("programs")
        pairs = [pair for pair in grid() if not marker or pair[1] in marker.args]
        ids = ["-".join(pair) for pair in pairs]
        metafunc.parametrize("cell", pairs, ids=ids, indirect=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Where everything has to be there, a test that finds something absent has failed."""
    outcome = yield
    report = outcome.get_result()
    required = os.environ.get("CI") and not item.get_closest_marker("optional")
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


@pytest.fixture(scope="session")
def root(library):
    """The root folder. One that is absent skips all tests that need it."""
    try:
        found = Root()
    except Absent as reason:
        pytest.skip(str(reason))
    yield found
    found.close()


@pytest.fixture(scope="session")
def cells(request, root):
    """All cells that the chosen tests need, started at once."""
    wanted = []
    for item in request.session.items:
        key = item.callspec.params.get("cell") if hasattr(item, "callspec") else None
        if key and key not in wanted and root.has("python" + key[0]):
            wanted.append(key)
    found = Cells(root, wanted)
    yield found
    found.close()


@pytest.fixture
def cell(request, root, cells):
    """The cell that a test is parametrized with."""
    python, program = request.param
    if not root.has("python" + python):
        pytest.skip("no python%s in %s" % (python, root.path))
    return cells.get(python, program)
