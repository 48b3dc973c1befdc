"""Documents about processes that run are as the JSON Schema says."""

import itertools
import json
import os
import sys

import pytest
from cells import Process
from place import CHECKOUT
from program import by_pid

sys.path.insert(0, os.path.join(CHECKOUT, "tests"))
from strict_schema import SCHEMA, closed  # noqa: E402

pytestmark = [pytest.mark.debug, pytest.mark.families]
jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
NUMBERS = itertools.count()
PROGRAMS = ("finished", "hides_secrets", "loop_states")


@pytest.fixture(scope="module")
def schema():
    with open(SCHEMA, encoding="utf-8") as file:
        return closed(json.load(file))


@pytest.fixture(params=PROGRAMS)
def document(request, interpreter, place):
    """A function: the document that a command writes."""
    inner = place.folder("documents-%d" % next(NUMBERS))
    output = place.outer(inner) + "/document"
    arguments = [interpreter.command, "-B", place.inner_program(request.param)]
    with Process(place, arguments, inner, {"AIODBG_REPORT": inner + "/report"}) as process:
        process.wait_until_ready()

        def run(line):
            line = "asyncio %s --json --pid %d --output %s" % (line, process.pid, output)
            done = by_pid(line)
            assert done.status == 0, done.errors
            with open(output, encoding="utf-8") as file:
                return json.load(file)

        yield run


def test_documents(document, schema):
    lines = ["ps", "ps --with state=finished", "pstree --waits", "why --all", "threads", "loops"]
    found = {line: document(line) for line in lines}
    for thread in found["threads"]["threads"][:2]:
        line = "threads --locals %d" % thread["tid"]
        found[line] = document(line)
    for loop in found["loops"]["loops"][:2]:
        line = "loops " + loop["id"]
        found[line] = document(line)
    for line, one in found.items():
        name = one["format"].partition("-")[2]
        of_format = dict(schema, **{"$ref": "#/$defs/" + name})
        del of_format["oneOf"]
        errors = list(jsonschema.Draft202012Validator(of_format).iter_errors(one))
        said = ["%s: %s" % (list(each.absolute_path), each.message[:200]) for each in errors]
        assert not said, "%s: %s" % (line, said[:3])
