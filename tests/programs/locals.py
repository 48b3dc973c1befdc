"""Frames with every kind of variable, suspended and executing, and the f_locals of each.

Tasks and threads are compared by what they are called. Asking a frame for its variables may change
it, so suspended ones are asked in a forked copy of the process, where every object has the same
address. The copy has no other thread, so executing frames are asked before.

Written to $AIODBG_REPORT with ".truth" appended: {"tasks": [..], "threads": [..]}, each with an
"id" and "frames", innermost first: {"function", "line", "optimized": false for the body of a class
or module, "locals": {name: [address, type]}}.
"""
import array
import asyncio
import collections
import contextvars
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import itertools
import json
import os
import pathlib
import re
import sys
import threading
import types
import uuid
import weakref

import report

COUNTS = (0, 1, 2, 7, 8, 30, 64, 100, 255, 256, 257, 300)
OPTIMIZED = 1

blocked = []


async def rest():
    await asyncio.sleep(3600)


# --- Parameters ----------------------------------------------------------------------------------


async def nothing():
    await rest()


async def parameters(first, /, second, third=3, *rest_of_them, keyword, other="default", **more):
    await rest()


async def captured(first, second, *rest_of_them, keyword, **more):
    """Each parameter is a cell."""

    def uses():
        return first, second, rest_of_them, keyword, more

    await rest()
    return uses


async def some_captured(plain, cell, *, other_plain=1, other_cell=2):
    local = plain
    both = [cell, other_cell, local, other_plain]
    await rest()
    return lambda: (cell, other_cell, both)


async def reassigned(parameter, cell):
    parameter = [parameter]
    cell = {"was": cell}
    await rest()
    return parameter, lambda: cell


class Methods:
    __slots__ = ("attribute",)

    def __init__(self):
        self.attribute = "slot"

    async def method(self, argument):
        await rest()

    async def with_super(self):
        """It has a free variable __class__."""
        super().__init__()
        await rest()

    @classmethod
    async def of_class(cls):
        await rest()

    @staticmethod
    async def of_nothing(__mangled):
        __also_mangled = __mangled
        await rest()
        return __also_mangled


# --- Cells and free variables --------------------------------------------------------------------


async def cells():
    set_cell = ["cell"]
    number = 10**20

    async def inner():
        nonlocal number
        own = set_cell, number
        number += 1
        await rest()
        return own

    await inner()


async def deep_cells(one="1"):
    two = one + "2"

    async def middle():
        three = two + "3"

        async def innermost():
            four = one, two, three
            await rest()
            return lambda: four

        await innermost()

    await middle()


async def unset_cells():
    async def inner():
        await rest()
        return later, deleted

    deleted = 1
    del deleted
    await inner()
    later = 1
    return later


# --- Unset and deleted ---------------------------------------------------------------------------


async def unset(flag=False):
    if flag:
        never = 1
    before = "before"
    gone = "gone"
    del gone
    await rest()
    after = never, before, gone
    return after


async def deleted_parameter(one, two):
    del one
    await rest()


async def handled():
    """The name of an exception is deleted at the end of its handler."""
    try:
        raise OSError("first")
    except OSError as error:
        kept = error
    try:
        raise ValueError("second")
    except ValueError as error:
        await rest()
        return error, kept


# --- Statements ----------------------------------------------------------------------------------


async def statements():
    for index, (left, *others) in enumerate([(1, 2, 3), "abc"]):
        pass
    with open(os.devnull) as file, threading.Lock() as taken:
        if (walrus := len(others)) > 1:
            import json as module
            from os import path

            def function():
                return None

            class Class:
                attribute = 1

            async for number in numbers(3):
                await rest()
    return index, left, file, taken, walrus, module, path, function, Class, number


async def numbers(count):
    for number in range(count):
        yield number


async def generates(count):
    local = [count]
    for number in range(count):
        await rest()
        yield number, local


async def iterates():
    async for number in generates(3):
        return number


@types.coroutine
def old_style(argument):
    local = argument, 1
    yield from rest()
    return local


async def awaits_old_style():
    await old_style("old")


async def comprehensions():
    """Each with a variable of its own, and one of the same name as a local."""
    name = "outer"
    done = [name for name in range(3)]
    pairs = {key: value for key, value in zip("ab", (1, 2))}
    lazy = (item for item in (1, 2, 3))
    next(lazy)
    await rest()
    return done, pairs, name


async def async_comprehension():
    name = "outer"
    found = [await waits(name) for name in ("first", "second") for _ in range(2)]
    return found, name


async def captured_comprehension():
    """The variable of a comprehension is a cell."""
    functions = [(await waits(number), lambda: number) for number in (1, 2)]
    return functions


async def waits(value):
    await rest()
    return value


async def non_ascii():
    größe, имя, 变量 = "ä", "имя", "变量"
    await rest()
    return größe, имя, 变量


# --- Values --------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = 1


class Flags(enum.IntFlag):
    A = 1


@dataclasses.dataclass
class Point:
    x: int
    y: "Point"


Pair = collections.namedtuple("Pair", "left right")


class Number(int):
    pass


class Text(str):
    pass


async def simple_values():
    none, yes, no, dots, other = None, True, False, Ellipsis, NotImplemented
    zero, small, large, negative, huge = 0, 256, 2**31, -5, -(2**200)
    real, infinite, no_number, complex_number = 1.5, float("inf"), float("nan"), 1 + 2j
    empty, ascii_text, latin, wide, widest = "", "text", "ä", "中", "𝄞"
    long_text, surrogate = "x" * 10000, "\ud800"
    some_bytes, no_bytes, changeable = b"\x00\xff", b"", bytearray(b"abc")
    view, numbers_array = memoryview(some_bytes), array.array("d", [1.0])
    number, text = Number(7), Text("text")
    await rest()
    return locals()


async def containers():
    no_tuple, one, nested = (), (1,), ((1, (2,)), [3, {4: {5}}])
    no_list, no_dict, no_set, no_frozen = [], {}, set(), frozenset()
    some_list, some_dict, some_set = list(range(100)), {1: 2, "a": "b"}, {1, 2, "c"}
    frozen, some_range, some_slice = frozenset("ab"), range(5), slice(1, 2)
    queue, ordered = collections.deque([1], maxlen=3), collections.OrderedDict(a=1)
    counter, default = collections.Counter("aab"), collections.defaultdict(list)
    pair, point, colour, flags = Pair(1, 2), Point(1, None), Colour.RED, Flags(1)
    chain, proxy = collections.ChainMap({}), types.MappingProxyType({1: 2})
    namespace, circle = types.SimpleNamespace(a=1), []
    circle.append(circle)
    keys, items = some_dict.keys(), some_dict.items()
    await rest()
    return locals()


async def functions_and_types():
    function, anonymous, builtin, method = containers, lambda: 0, len, [].append
    bound, unbound, slot = Methods().method, Methods.method, str.__add__
    some_class, meta, module, partial = Methods, type, sys, functools.partial(int, base=2)
    code, frame_type, some_property = containers.__code__, types.FrameType, property()
    classic, static = classmethod(len), staticmethod(len)
    weak, cached = weakref.ref(Methods), functools.lru_cache(len)
    coroutine_function, alias = rest, list
    await rest()
    return locals()


async def things():
    iterators = iter([1]), iter(()), iter({}), iter("a"), itertools.count(), zip(), map(len, [])
    generator, asynchronous, coroutine = (i for i in "ab"), numbers(1), waits(1)
    next(generator)
    task, future = asyncio.current_task(), asyncio.get_running_loop().create_future()
    error, chained = ValueError("text"), KeyError(1)
    day, moment = datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1)
    price, half = decimal.Decimal("1.50"), fractions.Fraction(1, 2)
    pattern, match = re.compile("a"), re.match("a", "a")
    path, unique = pathlib.Path("/"), uuid.UUID(int=1)
    lock, event, local = threading.Lock(), threading.Event(), threading.local()
    variable, context = contextvars.ContextVar("v"), contextvars.copy_context()
    file, environment = sys.stderr, os.environ
    await rest()
    coroutine.close()
    return locals()


def with_variables(count):
    """A coroutine function with so many variables."""
    lines = ["async def of_%d(rest):" % count]
    lines += ["    v%d = %d" % (number, number * 1000) for number in range(count)]
    namespace = {}
    exec("\n".join(lines + ["    await rest()"]), namespace)
    return namespace["of_%d" % count]


# --- Executing frames ----------------------------------------------------------------------------


def block():
    """The innermost frame that is compared is the caller's."""
    event = threading.Event()
    blocked.append(event)
    event.wait()


def executing(argument, *args, keyword=1, **kwargs):
    local, captured_too = [argument], {"a": args}

    def inner(parameter):
        nonlocal local
        own = parameter, captured_too
        gone = 1
        del gone
        for index in range(3):
            if index == 1:
                block()
        return own

    inner("parameter")
    return local


def executing_generator():
    def generator(argument):
        local = argument
        yield local
        block()
        yield local

    for item in generator("argument"):
        pass


def executing_comprehension():
    name = "outer"
    return [(name, block()) for name in "abc"], name


def executing_generator_expression():
    free = "free"
    return list((item, free, block()) for item in "abc")


def executing_class_body():
    free = "free"

    class Body:
        attribute = free
        other = [number for number in range(3)]
        block()

    return Body


def executing_lambda():
    return (lambda one, two=2, *rest_of_them: block())("one")


def executing_handler():
    try:
        raise OSError("text")
    except OSError as error:
        block()
        return error


def executing_method():
    class Base:
        def method(self):
            block()

    class Derived(Base):
        def method(self):
            local = "derived"
            super().method()
            return local

    Derived().method()


def executing_many():
    lines = ["def many(block):"]
    lines += ["    v%d = %d" % (number, number * 1000) for number in range(300)]
    namespace = {}
    exec("\n".join(lines + ["    block()"]), namespace)
    namespace["many"](block)


def executing_decorated():
    @functools.wraps(block)
    def wrapper(*args, **kwargs):
        return block()

    functools.reduce(lambda left, right: wrapper(left, right=right), [1, 2])


def executing_sort():
    """A C function calls it."""
    sorted([2, 1], key=lambda item: block() or item)


def executing_task():
    """A running task, and one beside it that never started."""

    async def runs(argument):
        never = asyncio.create_task(never_started(argument, "second", keyword=3), name="never")
        closure = asyncio.create_task(never_with_cells(argument), name="never-with-cells")
        inside = [argument]
        block()
        return never, closure, inside

    asyncio.run(named("running", runs("argument")))


async def never_started(first, second="default", *args, keyword, **kwargs):
    local = first
    return local


async def never_with_cells(first):
    cell = first
    return lambda: (cell, first)


async def named(name, coroutine):
    asyncio.current_task().set_name(name)
    await coroutine


# --- The report ----------------------------------------------------------------------------------


def variables(frame):
    """What f_locals has, without the frames that only wait."""
    found = {name: [hex(id(one)), type(one).__name__] for name, one in dict(frame.f_locals).items()}
    code = frame.f_code
    return {
        "function": code.co_name,
        "line": frame.f_lineno,
        "optimized": bool(code.co_flags & OPTIMIZED),
        "locals": found,
    }


def suspended_frames(awaited):
    """The frames themselves, innermost first."""
    found = []
    while awaited is not None:
        if isinstance(awaited, types.CoroutineType):
            frame, after = awaited.cr_frame, awaited.cr_await
        elif isinstance(awaited, types.AsyncGeneratorType):
            frame, after = awaited.ag_frame, awaited.ag_await
        elif isinstance(awaited, types.GeneratorType):
            frame, after = awaited.gi_frame, awaited.gi_yieldfrom
        else:
            awaited = report.wrapped_by(awaited)
            continue
        if frame is not None:
            found.insert(0, frame)
        awaited = after
    return found


def executed_frames(frame):
    """Those of a thread from the one that called block() on, without this file's caller."""
    while frame is not None and frame.f_code is not block.__code__:
        frame = frame.f_back
    frame, found = frame and frame.f_back, []
    while frame is not None and frame.f_code.co_filename != threading.__file__:
        found.append(frame)
        frame = frame.f_back
    return found


def write_truth(tasks, threads):
    whole = {"python": sys.version, "tasks": [], "threads": threads}
    for task in tasks:
        frames = [variables(frame) for frame in suspended_frames(task.get_coro())]
        whole["tasks"].append({"id": hex(id(task)), "name": task.get_name(), "frames": frames})
    path = os.environ["AIODBG_REPORT"] + ".truth"
    with open(path + ".new", "w") as out:
        json.dump(whole, out, indent=1)
    os.rename(path + ".new", path)


def write():
    if "AIODBG_REPORT" not in os.environ:
        return
    running = [one for one in report.all_tasks(()) if report.is_executing(one)]
    tasks = [one for one in report.all_tasks(()) if one not in running]
    threads = []
    frames = sys._current_frames()
    for thread in threading.enumerate():
        found = [variables(frame) for frame in executed_frames(frames[thread.ident])]
        if found:
            threads.append({"id": thread.native_id, "name": thread.name, "frames": found})
    child = os.fork()
    if child == 0:
        status = 1
        try:
            write_truth(tasks, threads)
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1]:
        os._exit(1)


def coroutines():
    more = {"a": 1, "б": 2}
    yield nothing()
    yield parameters(1, "second", 3, "4", 5.0, keyword={}, **more)
    yield parameters(1, 2, keyword=None)
    yield captured(1, "second", 3, keyword=[], **more)
    yield some_captured("plain", "cell")
    yield reassigned(1, 2)
    yield from (Methods().method(1), Methods().with_super(), Methods.of_class())
    yield Methods.of_nothing("mangled")
    yield from (cells(), deep_cells(), unset_cells(), unset(), deleted_parameter(1, 2))
    yield from (handled(), statements(), iterates(), awaits_old_style(), comprehensions())
    yield from (async_comprehension(), captured_comprehension(), non_ascii())
    yield from (simple_values(), containers(), functions_and_types(), things())
    for count in COUNTS:
        yield with_variables(count)(rest)


EXECUTING = (
    functools.partial(executing, "argument", 1, 2, keyword=3, other=4),
    executing_generator,
    executing_comprehension,
    executing_generator_expression,
    executing_class_body,
    executing_lambda,
    executing_handler,
    executing_method,
    executing_many,
    executing_decorated,
    executing_sort,
    executing_task,
)


async def main():
    tasks = []
    for number, coroutine in enumerate(coroutines()):
        name = "%02d-%s" % (number, coroutine.__name__)
        tasks.append(asyncio.create_task(coroutine, name=name))
    for function in EXECUTING:
        name = getattr(function, "__name__", "executing")
        count = len(blocked)
        threading.Thread(target=function, name=name, daemon=True).start()
        while len(blocked) == count:
            await asyncio.sleep(0.001)
    report.ready(last=write)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main())
