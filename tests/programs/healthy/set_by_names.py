"""A task that was to set events has failed; functions to which nothing leads set them by name."""

import asyncio
import functools
import signal
import sys
import types
import weakref

import load

# One for each way, so that none of them speaks for another.
BY_FACTORY = BY_ROUTE = BY_INNER = BY_GETTER = BY_HELPER = BY_METHOD = None
BY_SIGNAL = BY_AGAIN = BY_TIMER = BY_CACHED = BY_PARTIAL = BY_DEFAULT = BY_CLASS = BY_END = None
BY_PROPERTY = BY_TASK = GATE = None

ROUTES = {}
OTHER = """
import state_of_program as state

def leave():
    state.BY_MODULE.set()
"""


class Failed(Exception):
    pass


class Gate:
    def __init__(self):
        self.opened = asyncio.Event()

    def open(self):
        self.opened.set()

    @property
    def opener(self):
        return BY_PROPERTY.set


class Config:
    gate = None


class Last:
    def __del__(self):
        BY_END.set()


def new(_):
    return asyncio.Event()


async def admit():
    BY_FACTORY.set()


class Setter(asyncio.Protocol):
    def data_received(self, data):
        asyncio.ensure_future(admit())


def route(path):
    def keep(function):
        ROUTES[path] = function

    return keep


@route("/ready")
def set_ready():
    BY_ROUTE.set()


def make_inner():
    class Inner:
        def run(self):
            return lambda: BY_INNER.set()

    return Inner()


def get_event():
    return BY_GETTER


def use_getter():
    get_event().set()


def do_set(event):
    event.set()


def use_helper():
    do_set(BY_HELPER)


def use_gate():
    GATE.open()


def use_property():
    GATE.opener()


@functools.lru_cache(None)
def set_cached():
    BY_CACHED.set()


def set_named(event):
    event.set()


def use_class():
    Config.gate.set()


def on_signal(*_):
    asyncio.get_event_loop().call_soon_threadsafe(lambda: BY_SIGNAL.set())


async def start_again():
    await asyncio.sleep(0.05)
    if not BY_AGAIN.is_set():
        raise Failed
    BY_AGAIN.set()


async def supervise(scene, function):
    """Begins what it was given anew, and keeps the one that failed."""
    while True:
        task = asyncio.ensure_future(function())
        await asyncio.wait([task])
        await asyncio.sleep(0.4)
        scene.step()


async def start_by_timer():
    await asyncio.sleep(0.05)
    if not BY_TIMER.is_set():
        raise Failed
    BY_TIMER.set()


def begin_by_timer(kept):
    kept[:] = [asyncio.ensure_future(start_by_timer())]
    kept[0].add_done_callback(
        lambda done: asyncio.get_event_loop().call_later(0.4, begin_by_timer, kept)
    )


async def work_off(queue):
    """Calls whatever it is given."""
    while True:
        function = await queue.get()
        function()


async def set_all():
    await asyncio.sleep(0.01)
    if not BY_FACTORY.is_set():
        raise Failed("not today")
    for event in BY_FACTORY, BY_ROUTE, BY_INNER, BY_GETTER, BY_HELPER, BY_METHOD, BY_SIGNAL:
        event.set()
    for event in BY_CACHED, BY_PARTIAL, BY_DEFAULT, BY_CLASS, BY_END, BY_PROPERTY, GATE.opened:
        event.set()
    STATE.BY_MODULE.set(), BY_TASK.set()


# Modules that no file has.
STATE = sys.modules["state_of_program"] = types.ModuleType("state_of_program")
STATE.other = types.ModuleType("other_of_program")
sys.modules["other_of_program"] = STATE.other
exec(compile(OTHER, __file__, "exec"), STATE.other.__dict__)


def use_task():
    BY_TASK.set()


def open_default(event):
    def open_it(event=event):
        event.set()

    return open_it


async def handle(event):
    await event.wait()


# Who is called is in containers alone, and who put it there is gone.
LATER = [use_getter, use_helper, use_gate, use_property, set_cached, use_class, use_task]
LATER += [lambda: ROUTES["/ready"](), make_inner().run(), lambda: set_named(BY_PARTIAL)]
OTHERS = [lambda scene: supervise(scene, start_again), lambda scene: work_off(asyncio.Queue())]
LAST = Last()
signal.signal(signal.SIGUSR1, on_signal)


def begin_others(scene):
    """Timers and tasks."""
    for function in LATER:
        asyncio.get_event_loop().call_later(load.SECONDS, function)
    LATER.clear()
    tasks = [asyncio.ensure_future(other(scene)) for other in OTHERS]
    OTHERS.clear()
    return tasks


async def main(scene):
    global BY_FACTORY, BY_ROUTE, BY_INNER, BY_GETTER, BY_HELPER, BY_METHOD, BY_SIGNAL
    global BY_AGAIN, BY_TIMER, BY_CACHED, BY_PARTIAL, BY_DEFAULT, BY_CLASS, BY_END, BY_PROPERTY
    global BY_TASK, GATE
    BY_FACTORY, BY_ROUTE, BY_INNER, BY_GETTER, BY_HELPER, BY_METHOD = map(new, range(6))
    BY_SIGNAL, BY_AGAIN, BY_TIMER, BY_CACHED, BY_PARTIAL, BY_DEFAULT = map(new, range(6))
    BY_CLASS, BY_END, BY_PROPERTY, BY_TASK = map(new, range(4))
    GATE, STATE.BY_MODULE = Gate(), asyncio.Event()
    loop = asyncio.get_running_loop()
    scene.failed = loop.create_task(set_all())
    server = await loop.create_server(Setter, "127.0.0.1", 0)
    scene.connection = await asyncio.open_connection(*server.sockets[0].getsockname())
    others = begin_others(scene)
    begin_by_timer([])
    Config.gate = BY_CLASS
    scene.kept = [BY_METHOD.set, open_default(BY_DEFAULT)]
    scene.step(), scene.step(), scene.step()
    events = [BY_FACTORY, BY_ROUTE, BY_INNER, BY_GETTER, BY_HELPER, BY_METHOD, STATE.BY_MODULE]
    events += [BY_SIGNAL, BY_AGAIN, BY_TIMER, BY_CACHED, BY_PARTIAL, BY_DEFAULT, BY_CLASS]
    events += [BY_END, BY_PROPERTY, BY_TASK, GATE.opened]
    waiters = [asyncio.ensure_future(handle(event)) for event in events for _ in range(3)]
    del events
    await asyncio.gather(*waiters, *others)


load.run(__file__, main)
