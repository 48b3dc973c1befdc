"""Every difference that is known, by name, with its reason.

DIFFERENCES: where CPython's own tool is wrong or blind, and we show what the program reports.
LIMITS: where the program knows more of itself than we show.

A test fails for a difference that is not listed, and for one that is listed and is gone.
"""

import fnmatch


class Difference:
    """line is one that compare.py returns; * and ? match as in file names.

    python: the only version that has it; since, before: the first, and the first without it.
    """

    def __init__(self, line, reason, python=None, since=(3, 8), before=(4, 0)):
        self.line = line
        self.reason = reason
        self.since = python or since
        self.before = (python[0], python[1] + 1) if python else before

    def concerns(self, version):
        return self.since <= version < self.before

    def matches(self, found):
        return fnmatch.fnmatchcase(found, self.line)


def check(found, table, cell):
    """Raise AssertionError if the lines found are not just those of the table."""
    version = cell.interpreter.version
    listed = [d for d in table.get(cell.program, ()) if d.concerns(version)]
    unlisted = [line for line in found if not any(d.matches(line) for d in listed)]
    gone = [d.line for d in listed if not any(d.matches(line) for line in found)]
    assert not unlisted, "not listed in differences.py:\n" + "\n".join(unlisted)
    assert not gone, "no longer different, delete from differences.py:\n" + "\n".join(gone)


WRAPPED = "it follows only what has the type of the awaiting object; this chain has other types"
PLAIN_FRAMES = "it shows a running task's own coroutine frame, not the frames on top of it"
NOT_IN_LISTS = "it reads only the lists of tasks written in C"
NEWEST_ONLY = "it reads only the newest interpreter"
MAIN_ONLY = "it reads only the main thread's list, and the interpreter's"
CREATOR = "it shows the thread that created the task, not the one that runs its loop"

DIFFERENCES = {
    "async_generators": [Difference("anext_with_default: stack", WRAPPED)],
    "awaitables": [
        Difference("by-iterator: stack", WRAPPED),
        Difference("by-generator: stack", WRAPPED),
        Difference("by-wrapper: stack", WRAPPED),
        Difference("old-style: stack", WRAPPED),
        Difference("old-style-wrapper: stack", WRAPPED),
        Difference("outer-old-style: stack", WRAPPED),
        Difference("bare-future: stack", WRAPPED),
        Difference("nested: stack", WRAPPED),
        Difference("several: stack", WRAPPED),
    ],
    "busy": [
        Difference("busy: stack", PLAIN_FRAMES),
        Difference("between-steps: stack", WRAPPED),
    ],
    "busy_generator": [Difference("Task-1: stack", PLAIN_FRAMES)],
    "deep": [
        Difference(
            "whole command fails: *Too many coroutine frames*",
            "it has a limit of about 1,000 coroutines in a task",
            python=(3, 14),
        )
    ],
    "eager_first_step": [
        Difference("creates: stack", PLAIN_FRAMES),
        Difference("Task-1: stack", PLAIN_FRAMES),
    ],
    "ended_thread": [Difference("ended-*: tid", "it shows tasks without a thread in a thread 0")],
    "everything": [
        Difference("by-generator: stack", WRAPPED),
        Difference("by-wrapper: stack", WRAPPED),
        Difference("next-or-default: stack", WRAPPED),
        Difference("old-style: stack", WRAPPED),
        Difference("yields: stack", WRAPPED),
        Difference("python: missing", NOT_IN_LISTS),
        Difference("python-inner: missing", NOT_IN_LISTS),
        Difference("blocked: missing", MAIN_ONLY, python=(3, 14)),
        Difference("woken: missing", MAIN_ONLY, python=(3, 14)),
        Difference("cancelled: missing", MAIN_ONLY, python=(3, 14)),
        Difference("never-started: missing", MAIN_ONLY, python=(3, 14)),
        Difference("idles: missing", MAIN_ONLY, python=(3, 14)),
        Difference("idles-1: missing", MAIN_ONLY, python=(3, 14)),
        Difference("idles-2: missing", MAIN_ONLY, python=(3, 14)),
        Difference("blocked: stack", PLAIN_FRAMES, python=(3, 15)),
    ],
    "call_graphs": [
        Difference("old-style: stack", WRAPPED),
        Difference("runs*: stack", PLAIN_FRAMES),
    ],
    "gather": [Difference("Task-5: stack", WRAPPED)],
    "interpreters": [
        Difference("main-rest: missing", NEWEST_ONLY),
        Difference("Task-1: missing", NEWEST_ONLY),
    ],
    "loops": [
        Difference("Task-2: missing", MAIN_ONLY, python=(3, 14)),
        Difference("blocked-rest: missing", MAIN_ONLY, python=(3, 14)),
        Difference("Task-3: missing", MAIN_ONLY, python=(3, 14)),
        Difference("Task-4: missing", MAIN_ONLY, python=(3, 14)),
        Difference("Task-5: missing", MAIN_ONLY, python=(3, 14)),
        Difference("working-rest: missing", MAIN_ONLY, python=(3, 14)),
        Difference("Task-6: missing", MAIN_ONLY, python=(3, 14)),
        Difference("Task-7: missing", MAIN_ONLY, python=(3, 14)),
        Difference("Task-2: stack", PLAIN_FRAMES, python=(3, 15)),
        Difference("foreign: tid", CREATOR),
    ],
    "names": [
        Difference(
            "whole command fails: 'utf-8' codec can't decode *",
            "it takes the characters of any str for UTF-8",
            python=(3, 14),
        ),
        Difference("long long *: name", "it cuts long names", python=(3, 15)),
        Difference("日日日*: name", "it cuts long names", python=(3, 15)),
    ],
    "no_accelerator": [
        Difference(
            "whole command fails: AsyncioDebug section not available",
            "it needs the module _asyncio",
            python=(3, 14),
        ),
        Difference("*: missing", NOT_IN_LISTS, python=(3, 15)),
    ],
    "python_tasks": [
        Difference("py-inner: missing", NOT_IN_LISTS),
        Difference("py-awaits-py: missing", NOT_IN_LISTS),
        Difference("py-awaits-c: missing", NOT_IN_LISTS),
        Difference("py-awaits-py-future: missing", NOT_IN_LISTS),
        Difference("py-awaits-c-future: missing", NOT_IN_LISTS),
        Difference("py-awaits-gather: missing", NOT_IN_LISTS),
        Difference("Task-1: missing", NOT_IN_LISTS),
        Difference("c-awaits-py: stack", WRAPPED),
        Difference("c-awaits-py-future: stack", WRAPPED),
    ],
    "own_awaitables": [
        Difference("rests-*: stack", WRAPPED),
        Difference("Task-*: stack", WRAPPED),
        Difference("new-*: stack", WRAPPED),
        Difference("runs*: stack", PLAIN_FRAMES, python=(3, 15)),
        Difference("Task-*: missing", MAIN_ONLY, python=(3, 14)),
        Difference("runs-*: missing", MAIN_ONLY, python=(3, 14)),
    ],
    "small": [
        Difference(
            "rest é: name", "it takes the characters of any str for UTF-8", python=(3, 14)
        ),
    ],
    "third_party": [
        Difference("Stepper: missing", NOT_IN_LISTS),
    ],
}

FOREIGN = "a class that is no Task keeps its name and its coroutine where it likes"
NO_THREAD = "without _asyncio the running loop is in a thread-local variable of Python's"

LIMITS = {
    "third_party": [
        Difference("stepper: name is None*", FOREIGN),
        Difference("stepper: stack has 0 frames*", FOREIGN),
        Difference("stepper-awaits: name is None*", FOREIGN),
        Difference("stepper-awaits: stack has 0 frames*", FOREIGN),
    ],
    "no_accelerator": [
        Difference("*: tid is None*", NO_THREAD),
        Difference("threads are [[][]]*", NO_THREAD),
    ],
}
