"""The program aiodbg, and what of a core it shows otherwise than GDB.

All commands show the same, byte for byte, also of cores that are cut or without their files, but for this:

| core | command | GDB | aiodbg |
|---|---|---|---|
| any | doctor | reads in pieces of its own, and says who read | its own name and pieces |
| cut behind the list of libraries | doctor | knows no library | takes those that the notes name |
| qemu's, whole | why, waits, threads, values | is given the executable, takes its constants | not: such a core names no files, and lacks their build ids |
| any | source lines | looks in its `directories` as well, by base name too: in the current folder | by the path, below the sysroot first |
| any | advice on stderr | `asyncio doctor` | `aiodbg doctor CORE` |
| any | advice on files | `set sysroot FOLDER`, `file EXECUTABLE` | `--sysroot FOLDER` |
"""

import difflib
import json
import os
import re
import shlex
import subprocess

import debugger
from place import CHECKOUT

PROGRAM = os.path.join(CHECKOUT, "build", "core", "cli", "aiodbg")
SECONDS = 120
TASKS = 2

LINES = (
    "why",
    "why --all",
    "why --json",
    "why --frames all --top 3",
    "ps",
    "ps --json",
    "ps --json --waits",
    "ps --waits --sort name --top 9",
    "ps --frames own --with state=finished",
    "ps --group",
    "ps --group=file",
    "pstree",
    "pstree --json",
    "pstree --compact",
    "pstree --waits --frames own --without name=Task-1",
    "graph",
    "loops",
    "loops --json",
    "threads",
    "threads --json",
    "threads --group",
    "doctor",
    "task no-such-task",
)
TASK_LINES = ("task", "task --locals", "graph", "graph --depth 1", "why")
# Where nothing can be read, each command says the same.
FEW_LINES = ("why", "ps", "pstree", "graph", "task 0x10", "loops", "threads", "doctor")

READ_BY = re.compile(r"^  (read by|reads) .*\n", re.M)
GIVING_FILES = re.compile(r"`(set sysroot FOLDER`,\s+`file EXECUTABLE|--sysroot FOLDER)`")
NO_LIBRARY = "section             .AsyncioDebug: none"
ADVICE = re.compile(r"`aiodbg (\w+) [^`]*`")


def program(*words):
    assert os.path.exists(PROGRAM), "no %s: meson compile -C build" % PROGRAM
    return subprocess.run(
        [PROGRAM, *words],
        env={"LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=SECONDS,
    )


def run(line, target, sysroot=None):
    """(status, output, errors)"""
    words = line.split()
    root = ["--sysroot", sysroot] if sysroot else []
    done = program(words[0], target, *words[1:], *root)
    return done.returncode, debugger.decoded(done.stdout), done.stderr.decode()


def by_pid(line):
    """What GDB would print and say for "asyncio LINE --pid PID", from the program, which needs no debugger
    for that: test_empty_gdb of test_pid.py and test_process of test_program.py show that it is the same."""
    done = program(*shlex.split(line)[1:])
    errors = done.stderr.decode("utf-8", "surrogateescape")
    errors = "".join(each[len("aiodbg: ") :] for each in errors.splitlines(True))
    errors = ADVICE.sub(r"`asyncio \1`", errors)
    return debugger.Result(done.returncode, debugger.decoded(done.stdout), errors)


def in_gdb(options, core, lines, command):
    """What each line prints, and all errors."""
    marked = ["core-file " + core]
    for line in lines:
        marked += ["echo @@@\\n", "asyncio " + line]
    done = debugger.gdb(options + debugger.each(marked), command=command)
    return done.output.split("@@@\n")[1:], done.errors


def comparable(text, line):
    if line != "doctor":
        return text
    return READ_BY.sub("", GIVING_FILES.sub("(how)", text))


def lines_for(core, sysroot):
    """Each command, with what is in the core."""
    status, shown, _ = run("why --json", core, sysroot)
    if status:
        return FEW_LINES
    document = json.loads(shown)
    lines = list(LINES)
    tasks = document["tasks"][:TASKS] + document["tasks"][-1:]
    lines += ["%s %s" % (line, task["id"]) for line in TASK_LINES for task in tasks]
    lines += ["loops " + loop["id"] for loop in document["loops"][:1]]
    tids = [thread["tid"] for thread in document["threads"] if thread["tid"]]
    return lines + ["threads %d --locals" % tid for tid in tids[:1]]


def differences(core, options, sysroot=None, command="gdb"):
    """Lines for which the program shows something else than GDB with these options."""
    found = []
    lines = lines_for(core, sysroot)
    outputs, errors = in_gdb(options, core, lines, command)
    assert len(outputs) == len(lines), errors
    flat = re.sub(r"\s+", " ", errors)
    for line, output in zip(lines, outputs):
        status, mine, error = run(line, core, sysroot)
        if line == "doctor" and NO_LIBRARY in output and NO_LIBRARY not in mine:
            continue
        parts = [comparable(text, line).splitlines(True) for text in (output, mine)]
        if parts[0] != parts[1]:
            found.append(line + ":\n" + "".join(difflib.unified_diff(*parts, "GDB", "aiodbg")))
        message = ADVICE.sub(r"`asyncio \1`", error[len("aiodbg: ") :]).strip()
        if (status, bool(error)) not in ((0, False), (1, True)) or message not in flat:
            found.append("%s: %d, %s" % (line, status, error))
    return found
