# SPDX-License-Identifier: MIT
"""The JSON Schema that is installed says what documents have, and all that they have."""

import json

import pytest
from strict_schema import SCHEMA, closed
from test_images import NAMES, replay

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

COMMANDS = (
    "ps --json",
    "pstree --json --waits",
    "why --json --all",
    "ps --json --group --sort stack",
    "ps --json --group=name --top 2 --with state=pending --without name=x",
    "ps --json --with state=finished",
    "why --json --all --sort name --with state=pending",
    "threads --json",
    "threads --json --group --top 2 --without state=idle",
    "threads --json --group=name --sort stack",
    "loops --json",
)


@pytest.fixture(scope="module")
def schema():
    with open(SCHEMA, encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture(scope="module")
def validators(schema):
    """By the format that a document names: what is wrong with one is said of that alone."""
    names = {name for name in schema["$defs"] if "format" in schema["$defs"][name].get("properties", {})}
    strict = closed(schema)
    found = {}
    for name in names:
        one = dict(strict, **{"$ref": "#/$defs/" + name})
        del one["oneOf"]
        key = schema["$defs"][name]["properties"]["format"]["const"]
        found[key] = jsonschema.Draft202012Validator(one)
    return found


def documents(image):
    for command in COMMANDS:
        result = replay(image, command)
        assert result.returncode == 0, result.stderr.decode()
        document = json.loads(result.stdout)
        yield command, document
        ids = []
        if command == "threads --json":
            ids = [each["tid"] for each in document["threads"] if each["tid"]]
        elif command == "loops --json":
            ids = [each["id"] for each in document["loops"]]
        if command == "ps --json":
            # Of one in each state, as far as it can be read.
            for task in {task["state"]: task for task in document["tasks"]}.values():
                line = "task --json --locals " + task["id"]
                result = replay(image, line)
                if result.returncode == 0:
                    yield line, json.loads(result.stdout)
        for id in ids[:3]:
            option = " --locals" if command == "threads --json" else ""
            line = "%s%s %s" % (command, option, id)
            result = replay(image, line)
            if result.returncode == 0:
                yield line, json.loads(result.stdout)


def test_schema_is_one(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("image", NAMES)
def test_documents(image, validators):
    for command, document in documents(image):
        errors = list(validators[document["format"]].iter_errors(document))
        said = ["%s: %s" % ("/".join(map(str, one.absolute_path)), one.message[:200]) for one in errors]
        assert not said, "%s: %s" % (command, said[:3])


def test_a_wrong_document_is_found(validators, schema):
    document = json.loads(replay("3.14-stuck", "why --json").stdout)
    whole = jsonschema.Draft202012Validator(schema)
    assert whole.is_valid(document)
    strict = validators["aiodbg-snapshot"]
    assert strict.is_valid(document)
    assert not strict.is_valid(dict(document, surprise=1))
    # Readers of this version can read documents of later ones.
    assert whole.is_valid(dict(document, surprise=1))
    del document["tasks"][0]["id"]
    assert not whole.is_valid(document)
