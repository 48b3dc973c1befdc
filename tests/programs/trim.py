"""Take out of the modules of a program what no debugger asks for, so that its image is small.

Nothing may run afterwards that would miss it."""
import sys

# What is told apart by where it is found, on the way to all tasks.
TASKS = {
    "sys": "hexversion abiflags modules stdout stderr",
    "types": "NoneType ModuleType CodeType FunctionType MethodType BuiltinFunctionType"
    " CellType CoroutineType GeneratorType AsyncGeneratorType",
    "builtins": "set frozenset",
    "_collections": "deque",
    "_weakref": "ReferenceType",
    "_asyncio": "Task Future",
    "asyncio.tasks": "_scheduled_tasks _eager_tasks _all_tasks _current_tasks",
}
# And on the way to what they wait for.
WAITS = {
    "types": TASKS["types"] + " FrameType MemberDescriptorType MethodDescriptorType",
    "builtins": TASKS["builtins"] + " float",
    "_thread": "LockType RLock",
    "_queue": "SimpleQueue",
    "os": "__file__ write getpid",
    # All of it: threads that end go through it.
    "threading": None,
    "contextlib": "_BaseExitStack _GeneratorContextManagerBase",
    "asyncio.locks": "Lock Semaphore Condition Event Barrier",
    "asyncio.queues": "Queue",
    "asyncio.taskgroups": "TaskGroup",
    "asyncio.timeouts": "Timeout",
    "asyncio.events": "TimerHandle",
    "asyncio.tasks": TASKS["asyncio.tasks"] + " _GatheringFuture",
    "concurrent.futures._base": "Future",
    "concurrent.futures.thread": "_WorkItem",
}

# The namespaces as they were: nothing in them is freed.
alive = []


def trim(waits=False):
    """What is in no dict is not searched."""
    needed = dict(TASKS, **WAITS) if waits else TASKS
    modules = {name: sys.modules[name] for name in needed if name in sys.modules}
    smaller = [(sys.modules, modules)]
    for module, found in modules.items():
        namespace = vars(found)
        names = (needed[module] or " ".join(namespace)).split()
        smaller.append((namespace, {name: namespace[name] for name in names if name in namespace}))
    alive.extend(dict(namespace) for namespace, _ in smaller)
    for namespace, kept in smaller:
        namespace.clear()
        namespace.update(kept)
