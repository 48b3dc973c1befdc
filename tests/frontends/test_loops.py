# SPDX-License-Identifier: MIT
"""Loops and threads of all recorded images: each loop and each thread can be asked for."""

import json

import pytest
from image import NAMES, ImageTarget
from targets import ListSink


def run(library, name, *argv):
    sink = ListSink()
    library.run_command(ImageTarget(name), list(argv), sink)
    sink.close()
    return "".join(sink.texts)


@pytest.mark.parametrize("name", NAMES)
def test_loops(library, name):
    document = json.loads(run(library, name, "loops", "--json"))
    rows = run(library, name, "loops").splitlines()[2:] if document["loops"] else []
    for loop, row in zip(document["loops"], rows):
        assert " %s " % loop["id"] in row
        assert loop["state"] in ("idle", "busy", "closed", "not running", "copied by fork", None)
        (shown,) = json.loads(run(library, name, "loops", loop["id"], "--json"))["loops"]
        assert shown["id"] == loop["id"] and shown["state"] == loop["state"]
        assert loop["ready"] in (None, len(shown["ready_queue"]))
        text = run(library, name, "loops", loop["id"])
        assert text.startswith("loop          %s\nclass         %s\n" % (loop["id"], loop["type"] or "?"))


@pytest.mark.parametrize("name", NAMES)
def test_threads(library, name):
    document = json.loads(run(library, name, "threads", "--json"))
    assert document["threads"]
    rows = run(library, name, "threads").splitlines()[2:]
    for thread, row in zip(document["threads"], rows):
        if not thread["tid"]:
            continue
        assert row.startswith("%d " % thread["tid"])
        text = run(library, name, "threads", str(thread["tid"]), "--locals")
        assert text.startswith("thread        %d\n" % thread["tid"])
        places = [line for line in text.splitlines() if line[:2] == "  " and line[2:3].strip()]
        assert not thread["stack"] or len(places) >= len(thread["stack"])
