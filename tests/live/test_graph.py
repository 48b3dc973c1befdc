"""asyncio graph writes what asyncio.format_call_graph() writes in the program itself."""

import re

import pytest

TITLE = re.compile(r"( *)\* (?:Task\(name=.*, |Future\()id=(0x[0-9a-f]+)\)$")
# Longer names are cut: LIMIT_NAME_SHOWN in core/base/ceilings.h.
NAME_CHARACTERS = 200
# asyncio copies the set of awaiters, and the copy may have another order.
ORDERED_AWAITERS = 1
# Tasks of these await objects of the user's that cannot be followed, which is said at the end.
FOREIGN_OBJECTS = ("awaitables",)
# A task of its own making is a Future to asyncio, and what it runs is known to itself alone.
OTHER_TASKS = ("third_party",)


@pytest.mark.since(3, 14)
def test_is_the_same_text(cell):
    if cell.program in OTHER_TASKS:
        return
    wanted = [graph["text"] for graph in cell.answer("report")["graphs"]]
    for text, ours in zip(wanted, cell.answer("graphs")):
        if cell.program in FOREIGN_OBJECTS:
            ours = ours.split("\n\nIncomplete (see", 1)[0]
        # What would drive a terminal is escaped.
        if max(map(len, text.splitlines())) <= NAME_CHARACTERS and "\x1b" not in text:
            assert comparable(ours, text) == comparable(written_once(text), text)
    assert len(wanted) == len(cell.answer("graphs"))


@pytest.mark.programs("call_graphs")
def test_there_is_something_to_compare(cell):
    """Frames of each kind, each option, a task that runs, and awaiters written once."""
    graphs = cell.answer("report")["graphs"]
    texts = "".join(written_once(graph["text"]) for graph in graphs)
    for part in ("in async runs()", "in generator generates()", "in calls()", "* Future("):
        assert part in texts
    assert "[see above]" in texts
    assert len({str(graph["options"]) for graph in graphs}) >= 8


def comparable(text, whole):
    """The lines of a text; without order if there are many awaiters in it."""
    lines = text.splitlines()
    ordered = most_awaiters(whole) <= ORDERED_AWAITERS
    return lines if ordered else {line.strip().replace(" [see above]", "") for line in lines}


def most_awaiters(text):
    """How many titles stand next to each other below one other."""
    most, counts = 0, {}
    for line in text.splitlines():
        title = TITLE.match(line)
        if title:
            depth = len(title.group(1))
            counts = {above: count for above, count in counts.items() if above <= depth}
            counts[depth] = counts.get(depth, 0) + 1
            most = max(most, counts[depth])
    return most


def written_once(text):
    """CPython's text with each awaiter in full only where it comes first, as ours."""
    lines, seen, skipped = [], set(), None
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        title = TITLE.match(line)
        if skipped is not None and (depth > skipped or not title):
            continue
        skipped = None
        if title and title.group(2) in seen:
            skipped = depth
            line += " [see above]"
        elif title:
            seen.add(title.group(2))
        lines.append(line)
    return "".join(line + "\n" for line in lines)
