"""What tasks wait for is in many containers that they have, and in one place that nobody looks into."""

import asyncio
import collections
import contextvars
import ctypes
import functools
import itertools
import sys
import types

import load

HIDDEN = []
VARIABLE = contextvars.ContextVar("hidden")
TASKS = 150


class Slots:
    __slots__ = ("first", "second")

    def __init__(self, first, second):
        self.first = first
        self.second = second


class Plain:
    def __init__(self, first, second):
        self.first = first
        self.second = second


class WithDict(Plain):
    def __init__(self, first, second):
        super().__init__(first, second)
        self.__dict__["third"] = first


class Table(dict):
    pass


class Row(list):
    pass


Pair = collections.namedtuple("Pair", "first second")


def generator(first, second):
    yield first
    yield second


def begun(first, second):
    made = generator(first, second)
    next(made)
    return made


def itself(first, second):
    made = [first, second]
    made.append(made)
    return made


def sparse(first, second):
    made = dict.fromkeys(range(20))
    for key in range(19):
        del made[key]
    made["first"] = first
    return made


CONTAINERS = [
    lambda a, b: [a, b],
    lambda a, b: (a, b),
    lambda a, b: {"a": a, "b": b},
    lambda a, b: collections.deque([a, b]),
    lambda a, b: functools.partial(print, a, key=b),
    lambda a, b: lambda: (a, b),
    lambda a, b: Table(a=a, b=b),
    lambda a, b: Row([a, b, a]),
    lambda a, b: collections.OrderedDict(a=a, b=b),
    lambda a, b: types.MethodType(print, a),
    lambda a, b: types.SimpleNamespace(a=a, b=b),
    lambda a, b: collections.defaultdict(list, a=a),
    lambda a, b: collections.ChainMap({"a": a}, {"b": b}),
    Slots,
    Plain,
    WithDict,
    Pair,
    begun,
    itself,
    sparse,
]


def in_context(thing):
    context = contextvars.copy_context()
    context.run(VARIABLE.set, thing)
    return context


def method_of(thing):
    names = ("set", "set_result", "put_nowait")
    return next(getattr(thing, name) for name in names if hasattr(thing, name))


HIDING = [
    itertools.repeat,
    ctypes.py_object,
    in_context,
    slice,
    lambda thing: map(print, [thing]),
    lambda thing: (ctypes.py_object * 3)(thing),
    lambda thing: itertools.cycle([thing]),
    lambda thing: iter([thing]),
    lambda thing: iter({"thing": thing}.values()),
    lambda thing: zip([thing]),
    lambda thing: property(method_of(thing)),
    lambda thing: staticmethod(method_of(thing)),
    lambda thing: types.MappingProxyType({"thing": thing}),
]


def contain(draw, thing, depth):
    if not depth:
        return thing
    other = thing if draw.random() < 0.4 else draw.random()
    return draw.choice(CONTAINERS)(contain(draw, thing, depth - 1), other)


async def wait(draw, thing):
    some = [contain(draw, thing, draw.randrange(4)) for _ in range(draw.randrange(3))]
    another = contain(draw, thing, 2)
    if draw.random() < 0.2:
        # Up to 3.12 the frame has a dict of them from now on.
        sys._getframe().f_locals
    if isinstance(thing, asyncio.Event):
        await thing.wait()
    elif isinstance(thing, asyncio.Queue):
        await thing.get()
    else:
        await thing
    del some, another


async def work(scene):
    while True:
        scene.step()
        await asyncio.sleep(0.01)


async def main(scene):
    loop = asyncio.get_running_loop()
    makers = [asyncio.Event, asyncio.Queue, loop.create_future]
    tasks = []
    for _ in range(TASKS):
        thing = scene.random.choice(makers)()
        HIDDEN.append(scene.random.choice(HIDING)(thing))
        for _ in range(scene.random.choice([1, 1, 2, 3])):
            tasks.append(asyncio.ensure_future(wait(scene.random, thing)))
        del thing
    await load.together(scene, [lambda: work(scene)])


load.run(__file__, main)
