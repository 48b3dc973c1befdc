# SPDX-License-Identifier: MIT
"""Objects of aiodbg as the JSON has them, to be compared: tests/live uses it inside debuggers."""

import dataclasses

import aiodbg


def as_json(thing):
    """The objects, with the keys and texts that the JSON has."""
    if dataclasses.is_dataclass(thing):
        found = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
        found.pop("pending_count", None)
        for name in ("id", "loop", "address", "running_task"):
            if found.get(name) is not None:
                found[name] = hex(found[name])
        if isinstance(thing, aiodbg.Awaiter):
            via = found.pop("via")
            if found["waits"]:
                del found["waits"], found["frame"]
            found.update({"via": [hex(address) for address in via]} if via else {})
        if isinstance(thing, aiodbg.Task) and not (thing.result or thing.exception):
            del found["result"], found["exception"]
        if isinstance(thing, aiodbg.Snapshot):
            found.update({"format": "aiodbg-snapshot", "version": 1})
            found["cycles"] = [[hex(task) for task in cycle] for cycle in found["cycles"]]
        return {name: as_json(value) for name, value in found.items()}
    if isinstance(thing, (str, int, type(None))):
        return thing
    return [as_json(item) for item in thing]
