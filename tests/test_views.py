# SPDX-License-Identifier: MIT
"""Views of recorded images: what each option shows is what Python makes of the whole document."""

import functools
import os
import re

import pytest
import view_model
from test_images import HERE, NAMES, replay
from view_model import GROUPS, KEYS, ids, state


@functools.lru_cache(maxsize=None)
def shown(image):
    def ask(line):
        result = replay(image, line)
        assert result.returncode == 0, result.stderr.decode()
        return result.stdout.decode()

    return view_model.Shown(ask)


@pytest.mark.parametrize("image", NAMES)
@pytest.mark.parametrize("key", sorted(KEYS))
def test_filters(image, key):
    view_model.check_filters(shown(image), key, NAMES.index(image))


@pytest.mark.parametrize("image", NAMES)
def test_any_of_one_key_and_all_of_several(image):
    view_model.check_any_of_one_key_and_all_of_several(shown(image))


@pytest.mark.parametrize("image", NAMES)
def test_order(image):
    view_model.check_order(shown(image))


@pytest.mark.parametrize("image", NAMES)
@pytest.mark.parametrize("top", [1, 3, 1000, 0])
def test_cut(image, top):
    view_model.check_cut(shown(image), top)


@pytest.mark.parametrize("image", NAMES)
def test_ended_tasks_are_listed_if_asked_for(image):
    for name in ("finished", "cancelled"):
        table = shown(image).ask("ps --with state=" + name)
        found = set(re.findall(r"^\S+ +(0x\w+) ", table, re.MULTILINE))
        assert found == {t["id"] for t in shown(image).tasks if state(t) == name}


@pytest.mark.parametrize("image", NAMES)
def test_own_frames(image):
    view_model.check_own_frames(shown(image))


@pytest.mark.parametrize("image", NAMES)
def test_own_frames_of_one_task(image):
    """graph, task and why: each frame that stays has its line, and each run one."""
    view_model.check_own_frames_of_one_task(shown(image))


def test_every_key_that_groups_is_tried():
    text = " ".join(replay("3.14-stuck", "ps --help").stdout.decode().split("--group[=KEY]\n")[1].split())
    keys = re.search(r"KEY is ([^.]*)\.", text).group(1).replace(" or ", ", ").split(", ")
    # Of context variables a live test sees.
    assert keys == list(GROUPS) + ["context"]


@pytest.mark.parametrize("image", NAMES)
def test_groups_by_key(image):
    view_model.check_groups_by_key(shown(image), hostile=image == "3.14-names")


@pytest.mark.parametrize("image", NAMES)
def test_order_by_stack(image):
    view_model.check_order_by_stack(shown(image))


@pytest.mark.parametrize("image", NAMES)
def test_groups_of_what_is_seen(image):
    view_model.check_groups_of_what_is_seen(shown(image))


@pytest.mark.parametrize("image", NAMES)
def test_compact_tree(image):
    view_model.check_compact_tree(shown(image))


# ---- threads, and why ----


@pytest.mark.parametrize("image", NAMES)
def test_filters_of_threads(image):
    view_model.check_filters_of_threads(shown(image), NAMES.index(image))


@pytest.mark.parametrize("image", NAMES)
def test_order_of_threads(image):
    view_model.check_order_of_threads(shown(image))


@pytest.mark.parametrize("image", NAMES)
def test_groups_of_threads(image):
    view_model.check_groups_of_threads(shown(image))


def test_every_key_of_threads_is_tried():
    text = " ".join(replay("3.14-stuck", "threads --help").stdout.decode().split())
    keys = re.findall(r"KEY is ([^.]*)\.", text)
    for listed in keys:
        assert listed.replace(" or ", ", ").split(", ") == list(view_model.THREAD_KEYS)
    assert len(keys) == 2


@pytest.mark.parametrize("image", NAMES)
def test_sorted_why(image):
    view_model.check_sorted_why(shown(image))


# ---- terminals ----


@pytest.mark.parametrize("image", NAMES)
def test_narrow_terminals(image):
    """Each task has its row and its id, in whatever columns there is room for."""
    tasks = [task["id"] for task in shown(image).pending]
    for width in (30, 80):
        table = replay(image, "--width", str(width), "ps").stdout.decode()
        rows = re.findall(r"^(?:\S+  +)?(0x\w+) ", table, re.MULTILINE)
        assert set(rows) >= set(tasks)
        rule = re.search(r"^-+$", table, re.MULTILINE)
        if width >= 80 and rule:
            # But for names, which are not cut.
            assert len(rule.group(0)) <= max(width, 100)
        if rule and "awaiter chain" not in table:
            assert "\nMade to fit the terminal; all of it with --output FILE.\n" in table
        groups = replay(image, "--width", str(width), "ps --group --top 0").stdout.decode()
        counts = re.findall(r"^ *(\d+)  \w+ +0x", groups, re.MULTILINE)
        assert sum(map(int, counts)) == len(tasks)
        if width == 80:
            # Of a chain the first function and the last one stay, and the place.
            chains = re.findall(r"^        (\S.* > \.\.\. > .*)$", groups, re.MULTILINE)
            assert all(len(chain) <= 72 or chain.count(" > ") == 2 for chain in chains)


# ---- why ----


@pytest.mark.parametrize("image", [name for name in NAMES if name.endswith("-stuck")])
def test_why_of_some(image):
    whole_text = replay(image, "why").stdout.decode()
    assert whole_text.startswith("DEADLOCK")
    some = replay(image, "why --with name=orders").stdout.decode()
    assert some.startswith("DEADLOCK")
    assert "\n1 task in " in some
    others = replay(image, "why --with waits=timer").stdout.decode()
    assert "DEADLOCK" not in others and "IDLE" not in others
    assert others.startswith("1 more about other tasks.\n")


# ---- what is wrong ----


@pytest.mark.parametrize(
    "line, answer",
    [
        ("--with nmae=1", 'knows no "nmae": did you mean --with name=1?'),
        ("--with wait=lock", 'knows no "wait": did you mean --with waits=lock?'),
        ("--with waits=lok", 'no waits is "lok": did you mean --with waits=lock?'),
        ("--without state=runing", "did you mean --without state=running?"),
        ("--sort thread", '--sort knows no "thread": try name, '),
        ("--with xyzzy", '--with knows no "xyzzy": try name, function, '),
        ("--with name=" + 1001 * "a", "a pattern of more than 1000 characters"),
        ("--with", "--with needs an argument"),
        ("--frames onw", "--frames takes all or own, not \"onw\": did you mean own?"),
        ("--frames x", '--frames takes all or own, not "x"\n'),
        ("--format jsn", 'unknown format "jsn": did you mean json?'),
        ("--wiats", "did you mean --waits?"),
        ("--group waits", "did you mean --group=waits?"),
        ("--group=wait", "did you mean --group=waits?"),
        ("-group", "did you mean --group?"),
    ],
)
def test_near_misses(line, answer):
    result = replay("3.14-stuck", "ps " + line)
    assert result.returncode == 1
    assert answer in result.stderr.decode()
    assert not result.stdout


@pytest.mark.parametrize(
    "line, answer",
    [
        ("pstre", 'asyncio has no command "pstre": did you mean pstree?'),
        ("thread", "did you mean threads?"),
        ("xyzzy", 'asyncio has no command "xyzzy": try why, ps, '),
        ("why --fail-on deadlok", '--fail-on knows no "deadlok": did you mean deadlock?'),
        ("why --fail-on deadlock,xyz", '--fail-on knows no "xyz": try stopped, '),
        ("task ordres", 'nearest: 0x'),
    ],
)
def test_near_misses_of_other_words(line, answer):
    result = replay("3.14-stuck", line)
    assert result.returncode == 1
    assert answer in result.stderr.decode()
    assert not result.stdout


def test_a_name_that_is_near():
    result = replay("3.14-stuck", "ps --with name=ordres")
    assert result.returncode == 0
    assert result.stdout.decode().endswith("No task fits: did you mean --with name=orders?\n")


def test_help_and_readme_name_all_keys():
    text = " ".join(replay("3.14-stuck", "ps --help").stdout.decode().split())
    listed = re.search(r"KEY is ([^.]*(?:\.VAR[^.]*)?)\.", text).group(1)
    keys = listed.replace(" or ", ", ").split(", ")
    sorts = re.search(r"Sort by ([^.]*(?:\.VAR[^.]*)?)\.", text).group(1).replace(" or ", ", ").split(", ")
    with open(os.path.join(HERE, "..", "README.md"), encoding="utf-8") as file:
        table = file.read().split("<!-- keys: ")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\S+)` \| .* \| (yes)? ?\|$", table, re.MULTILINE)
    # One can sort by it only.
    assert [row[0] for row in rows] == keys + ["stack"]
    assert [row[0] for row in rows if row[1]] == sorts
