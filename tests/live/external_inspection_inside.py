"""Run by a Python of the root: the tests that CPython has for its own tool, with our answers.

    external_inspection_inside.py FOLDER-OF-THE-PACKAGE

Prints a line for each test: its name, and "passed", "skipped", or the last line of what was wrong.
What is asked for threads, without tasks, goes to CPython's tool, which is not what is tested here.
"""

import inspect
import os
import sys
import unittest

sys.path.insert(0, sys.argv[1])

import _remote_debugging  # noqa: E402
import aiodbg  # noqa: E402
from test import test_external_inspection as theirs  # noqa: E402

OURS = (os.path.dirname(aiodbg.__file__), os.path.abspath(__file__))
ASKED = ("get_all_awaited_by", "get_async_stack_trace")
# Chains so long that CPython's tool gives up; ours reads them.
LIMITS = "_aborts"


def tuple_of(name, *items):
    return getattr(_remote_debugging, name)(items)


def frame(one):
    """3.14 has a line, 3.15 a location."""
    place = one.line
    if hasattr(_remote_debugging, "LocationInfo"):
        place = (one.line, one.end_line, one.column, one.end_column)
        place = tuple_of("LocationInfo", *(-1 if item is None else item for item in place))
        return tuple_of("FrameInfo", one.file, place, one.function, None)
    return tuple_of("FrameInfo", one.file, place, one.function)


def coroutine(task):
    """As CPython has it: all frames are of one, and its name is the id of the task.

    An object that cannot be followed is no frame, and CPython's tool has nothing of it.
    """
    frames = [one for one in task.stack if one.kind != "foreign"]
    # Of a process that looks at itself.
    while frames and (frames[0].file or "").startswith(OURS):
        del frames[0]
    return tuple_of("CoroInfo", [frame(one) for one in frames], task.id)


def awaiters(task):
    return [one.id for one in task.awaited_by if one.kind == "task" and one.source != "callback"]


def info(task, tasks):
    parents = [coroutine(tasks[parent]) for parent in awaiters(task) if parent in tasks]
    own = [coroutine(task)] if task.stack else []
    return tuple_of("TaskInfo", task.id, task.name, own, parents)


class Unwinder:
    """_remote_debugging.RemoteUnwinder."""

    def __init__(self, pid, **options):
        self._pid = pid
        self._options = options

    def __getattr__(self, name):
        return getattr(_remote_debugging.RemoteUnwinder(self._pid, **self._options), name)

    def get_all_awaited_by(self):
        snapshot = aiodbg.snapshot(pid=self._pid)
        tasks = {task.id: task for task in snapshot.tasks}
        found = []
        # Those of no thread come last.
        for tid in [thread.tid for thread in snapshot.threads] + [None]:
            those = [info(task, tasks) for task in tasks.values() if task.tid == tid]
            found.append(tuple_of("AwaitedInfo", tid or 0, those))
        return found

    def get_async_stack_trace(self):
        """Tasks that run, and those that wait for them."""
        snapshot = aiodbg.snapshot(pid=self._pid)
        tasks = {task.id: task for task in snapshot.tasks}
        found = []
        for thread in snapshot.threads:
            if thread.running_task not in tasks:
                continue
            those = [thread.running_task]
            for known in those:
                parents = awaiters(tasks[known])
                those.extend(one for one in dict.fromkeys(parents) if one not in those)
            these = [info(tasks[one], tasks) for one in those if one in tasks]
            found.append(tuple_of("AwaitedInfo", thread.tid, these))
        return found


class Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.outcomes = {}

    def startTest(self, test):
        super().startTest(test)
        self.outcomes[test] = "passed"

    def _failed(self, test, error):
        self.outcomes[test] = str(error[1]).strip().splitlines()[0] if str(error[1]) else str(error)
        if os.environ.get("VERBOSE"):
            print(self._exc_info_to_string(error, test), file=sys.stderr)

    def addError(self, test, err):
        self._failed(test, err)

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err:
            self._failed(test, err)

    def addSkip(self, test, reason):
        self.outcomes[test] = "skipped: " + reason


def is_asked(test):
    source = inspect.getsource(getattr(test, test._testMethodName))
    limits = test._testMethodName.endswith(LIMITS)
    return not limits and any(name in source for name in ASKED)


def tests_in(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from tests_in(each)
        elif is_asked(each):
            yield each


theirs.RemoteUnwinder = Unwinder
result = Result()
for each in tests_in(unittest.defaultTestLoader.loadTestsFromModule(theirs)):
    each.run(result)
for each, outcome in result.outcomes.items():
    print("%s: %s" % (each._testMethodName, outcome))
