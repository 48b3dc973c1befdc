"""Tables of lines and columns: what the core makes of those of a whole standard library.

Each Python says itself where every instruction of its library stands, and writes that down beside
the tables; linetable_dump (tests/support) decodes the tables with the core's own function.
"""

import os
import shutil
import subprocess

import pytest

# Runs inside, under any Python: code objects from bytecode files if there are any, else compiled.
COLLECT = r"""
import dis, importlib.util, marshal, os, struct, sys, sysconfig, types

LNOTAB, RANGES, LOCATIONS = 1, 2, 3
NONE = -1
HEADER = 16
# Not of the library, or not everywhere and as much as all else.
LEFT_OUT = {"site-packages", "dist-packages", "__pycache__", "test", "tests", "idle_test"}


def sources():
    library = sysconfig.get_paths()["stdlib"]
    for folder, folders, names in os.walk(library):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.join(folder, name)


def load(path):
    try:
        with open(importlib.util.cache_from_source(path), "rb") as file:
            if file.read(HEADER)[:4] == importlib.util.MAGIC_NUMBER:
                return marshal.load(file)
    except (OSError, EOFError, ValueError):
        pass
    try:
        with open(path, "rb") as file:
            return compile(file.read(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        # Such as templates, and tests of syntax errors.
        return None


def codes(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def by_lines(code, starts):
    # The line of each unit, from (first byte, line); nothing else is known.
    starts = dict(starts)
    line = starts.get(0, code.co_firstlineno)
    for at in range(0, len(code.co_code), 2):
        line = starts.get(at, line)
        yield line, NONE, NONE, NONE


def decode(code):
    if sys.version_info >= (3, 11):
        return LOCATIONS, code.co_linetable, code.co_positions()
    if sys.version_info >= (3, 10):
        starts = {}
        for start, end, line in code.co_lines():
            if start != end:
                starts[start] = NONE if line is None else line
        return RANGES, code.co_linetable, by_lines(code, starts)
    return LNOTAB, code.co_lnotab, by_lines(code, dis.findlinestarts(code))


def main(folder):
    with open(folder + "/tables", "wb") as tables, open(folder + "/positions", "wb") as positions, \
            open(folder + "/names", "w", errors="replace") as names:
        for path in sources():
            whole = load(path)
            for code in codes(whole) if whole else ():
                form, table, found = decode(code)
                found = [NONE if part is None else part for four in found for part in four]
                units = len(code.co_code) // 2
                tables.write(struct.pack("=4I", form, code.co_firstlineno, units, len(table)))
                tables.write(table)
                positions.write(struct.pack("=%di" % len(found), *found))
                names.write("%d %s:%d %s\n" % (units, path, code.co_firstlineno, code.co_name))


main(sys.argv[1])
"""

POSITION = 16
FEWEST_UNITS = 100000


@pytest.fixture(scope="module")
def linetable_dump(library):
    build = os.path.dirname(os.path.dirname(library))
    path = os.path.join(build, "tests", "linetable_dump")
    if not os.path.exists(path):
        pytest.skip("no %s" % path)
    return path


def first_difference(ours, theirs, names):
    """The first position that differs, and what it belongs to."""
    ours, theirs = (memoryview(part).cast("i").tolist() for part in (ours, theirs))
    unit = next(at for at, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]) // 4
    positions = tuple(part[4 * unit : 4 * unit + 4] for part in (ours, theirs))
    for line in names:
        units, name = line.rstrip().split(" ", 1)
        if unit < int(units):
            return "unit %d of %s: %s, not %s" % ((unit, name) + positions)
        unit -= int(units)
    return "there are %d units too many" % unit


def test_every_instruction_of_the_standard_library(interpreter, place, linetable_dump):
    folder = place.folder("linetable-" + interpreter.name)
    command = [interpreter.command, "-I", "-c", COLLECT, folder]
    subprocess.run(place.command(command), stderr=subprocess.DEVNULL, check=True)
    outer = place.outer(folder)
    with open(outer + "/tables", "rb") as tables:
        done = subprocess.run([linetable_dump], stdin=tables, stdout=subprocess.PIPE, check=True)
    with open(outer + "/positions", "rb") as positions:
        wanted = positions.read()
    assert len(wanted) > FEWEST_UNITS * POSITION
    assert len(done.stdout) == len(wanted)
    if done.stdout != wanted:
        with open(outer + "/names", errors="replace") as names:
            pytest.fail(first_difference(done.stdout, wanted, names))
    shutil.rmtree(outer)
