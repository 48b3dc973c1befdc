"""Views of services on real frameworks: what each option shows is what Python makes of the whole.

A service is stopped with requests in flight, so that all commands see the same, and is read by its
PID. `--all` takes every service of both releases.
"""

import os
import signal
import sys

import pytest
import services
import test_frameworks
from cells import Process
from place import CHECKOUT, Absent
from program import program

sys.path.insert(0, os.path.join(CHECKOUT, "tests"))
import view_model  # noqa: E402

ORDERS = ("orders",)
CHOSEN = [(release, ORDERS) for release in services.RELEASES]
ALL = [(release, one) for release in services.RELEASES for one in [ORDERS, *test_frameworks.SUSPENDED]]
NAMES = ALL if os.environ.get("AIODBG_ALL") else CHOSEN


@pytest.fixture(scope="module")
def roots():
    found = {}

    def root(release):
        if release not in found:
            found[release] = services.Frameworks(release)
        return found[release]

    yield root
    for one in found.values():
        one.close()


@pytest.fixture(
    scope="module",
    params=NAMES,
    ids=[test_frameworks.name_of(*one) for one in NAMES],
)
def shown(request, roots):
    """view_model.Shown of a stopped service."""
    release, (name, *options) = request.param
    try:
        root = roots(release)
    except Absent as reason:
        pytest.skip(str(reason))
    inner = root.folder("views-" + "-".join([name, *options]).replace("--", ""))
    environment = {"AIODBG_REPORT": inner + "/report", "TMPDIR": inner}
    if "asyncpg" in (name, *options):
        environment["AIODBG_POSTGRES"] = root.postgres()
    options = [option for option in options if option.startswith("--")]
    arguments = [services.PYTHON, "-B", root.program(name)] + options
    with Process(root, arguments, inner, environment).wait_until_ready() as process:
        os.kill(process.pid, signal.SIGSTOP)

        def ask(line):
            done = program(*line.split(), "--pid", str(process.pid))
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout.decode()

        yield view_model.Shown(ask)


@pytest.mark.parametrize("key", sorted(view_model.KEYS))
def test_filters(shown, key):
    for turn in range(4):
        view_model.check_filters(shown, key, turn)


def test_any_of_one_key_and_all_of_several(shown):
    view_model.check_any_of_one_key_and_all_of_several(shown)


def test_order(shown):
    view_model.check_order(shown)
    view_model.check_order_by_stack(shown)


def test_cut(shown):
    for top in (1, 3, 1000, 0):
        view_model.check_cut(shown, top)


def test_own_frames(shown):
    view_model.check_own_frames(shown)


def test_groups(shown):
    view_model.check_groups_by_key(shown)
    view_model.check_groups_of_what_is_seen(shown)


def test_compact_tree(shown):
    view_model.check_compact_tree(shown)


@pytest.mark.optional
def test_one_screen(shown):
    """Of 14 requests to FastAPI, which are some 780 lines of 250 to 300 columns as a plain tree."""
    compact = shown.ask("pstree --compact").splitlines()
    if not any("GET /orders/7" in line for line in compact):
        pytest.skip("another service")
    assert len(shown.ask("pstree").splitlines()) > 500
    assert len(compact) < 100
    assert max(map(len, compact)) < 130
    assert len(shown.ask("ps --group").splitlines()) < 20
    assert len([line for line in compact if "6 x (T) Task-" in line]) == 2
    assert any(line.startswith("2 x (T) Task-") and "  GET /report" in line for line in compact)
