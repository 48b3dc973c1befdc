"""asyncio graph writes what asyncio.format_call_graph() writes in the program itself."""

import re

import pytest

TITLE = re.compile(r"( *)\* (?:Task\(name=.*, |Future\()id=(0x[0-9a-f]+)\)$")


@pytest.mark.since(3, 14)
def test_is_the_same_text(cell):
    expected = [written_once(graph["text"]) for graph in cell.answer("report")["graphs"]]
    assert cell.answer("graphs") == expected


@pytest.mark.programs("call_graphs")
def test_there_is_something_to_compare(cell):
    """Frames of each kind, each option, a task that runs, and awaiters written once."""
    graphs = cell.answer("report")["graphs"]
    texts = "".join(written_once(graph["text"]) for graph in graphs)
    for part in ("in async runs()", "in generator generates()", "in calls()", "* Future("):
        assert part in texts
    assert "[see above]" in texts
    assert len({str(graph["options"]) for graph in graphs}) >= 10


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
