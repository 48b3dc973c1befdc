"""The judge of `asyncio why` (judge.py) sees what is wrong, and only that."""

import pytest
from judge import judge

TRUTH = {
    "verdicts": [
        {
            "kind": "deadlock",
            "or_kinds": [],
            "least": "certain",
            "tasks": ["one"],
            "task_ids": ["0x1"],
            "behind_ids": ["0x2"],
            "objects": [["0x8", "0x9"]],
            "places": [{"function": "A.run", "file": "/a/b.py", "line": 3}],
            "until": False,
            "unless": [],
        }
    ],
    "also": ["convoy"],
}


def said(**changed):
    place = {"function": "run", "file": "/c/b.py", "line": 3}
    verdict = {"kind": "deadlock", "certainty": "certain", "summary": "", "evidence": []}
    verdict.update({"tasks": ["0x1", {"id": "0x2"}], "objects": ["0x9"], "places": [place]})
    return {"verdicts": [dict(verdict, **changed), {"kind": "idle", "tasks": []}]}


def test_right():
    assert judge(said(), TRUTH) == []
    assert judge({"verdicts": []}, {"verdicts": []}) == []


WRONG = {
    "kind": {"kind": "stopped"},
    "level": {"certainty": "likely"},
    "task": {"tasks": []},
    "healthy": {"tasks": ["0x1", "0x3"]},
    "object": {"objects": []},
    "line": {"places": [{"function": "run", "file": "/c/b.py", "line": 4}]},
    "file": {"places": [{"function": "run", "file": "/c/d.py", "line": 3}]},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_wrong(changed):
    assert judge(said(**changed), TRUTH) != []


def test_what_may_be_possible_of_the_healthy():
    doubtful = {"verdicts": [], "doubtful": ["deadlock"]}
    assert judge(said(certainty="possible"), doubtful) == []
    assert judge(said(certainty="likely"), doubtful) != []
    assert judge(said(certainty="possible", kind="stopped"), doubtful) != []


def test_wrong_about_the_healthy():
    assert judge(said(), {"verdicts": []}) != []
    assert judge({}, {"verdicts": []}) != []
