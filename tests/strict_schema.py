# SPDX-License-Identifier: MIT
"""The JSON Schema that is installed, and a stricter one: readers expect new keys, tests know them all."""

import os

SCHEMA = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "core", "schema", "aiodbg-1.schema.json"
)


def closed(schema):
    """The same schema without room for keys that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        found["additionalProperties"] = False
    return found
