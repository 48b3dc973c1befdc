"""Who awaits a task: by its callbacks (any Python), and by asyncio's own record (3.14+).

asyncio's record names the caller of gather() and shield(), and leaves out pure-Python tasks. The
callbacks lead to whom the task will wake: each function below knows one kind of callback.
"""
import functools


def woken_by(future, via=(), seen=None):
    """The awaiters of future, found through its callbacks: [{"id", "kind", "via"}].

    A plain future between is followed ("via"); where nobody awaits that one, it stands for itself
    with the kind "future".
    """
    seen = set() if seen is None else seen
    found = []
    for callback in callbacks_of(future):
        after = leads_to(callback)
        if after is None or id(after) in seen:
            continue
        seen.add(id(after))
        if is_task(after):
            found.append({"id": hex(id(after)), "kind": "task", "via": list(via)})
            continue
        behind = woken_by(after, tuple(via) + (hex(id(after)),), seen)
        found += behind or [{"id": hex(id(after)), "kind": "future", "via": list(via)}]
    return found


def recorded(future):
    """The ids that asyncio's own record names, or None where there is no record (before 3.14)."""
    if not hasattr(future, "_asyncio_awaited_by"):
        return None
    return sorted(hex(id(awaiter)) for awaiter in future._asyncio_awaited_by or ())


def is_task(future):
    return hasattr(future, "get_coro")


def callbacks_of(future):
    """The plain callables; the list holds pairs with a context."""
    found = getattr(future, "_callbacks", None) or ()
    return [entry[0] if isinstance(entry, tuple) else entry for entry in found]


def leads_to(callback):
    """The task or future that callback will wake, or None."""
    if isinstance(callback, functools.partial):
        return waiter_of_partial(callback)
    owner = getattr(callback, "__self__", None)
    if owner is not None:
        return waiter_of_method(callback, owner)
    if hasattr(callback, "__code__"):
        return waiter_of_function(callback)
    return None


def waiter_of_partial(callback):
    """wait_for() before 3.12, and _cancel_and_wait()."""
    return callback.args[0] if callback.func.__name__ == "_release_waiter" else None


def waiter_of_method(callback, owner):
    name = getattr(callback, "__name__", type(callback).__name__)
    if name in ("task_wakeup", "__wakeup", "TaskWakeupMethWrapper"):  # the last in 3.8, 3.9
        return owner
    if name == "_on_task_done":
        return owner._parent_task
    if name == "_handle_completion":
        return waiting_in(owner._done)
    return None


def waiter_of_function(function):
    """The closures of gather(), shield(), wait(), as_completed() before 3.13, and staggered."""
    if not (function.__module__ or "").startswith("asyncio."):
        return None
    if function.__name__ in ("_done_callback", "_inner_done_callback"):
        return held(function, "outer")
    if function.__name__ == "_on_completion":
        done = held(function, "done")
        return held(function, "waiter") if done is None else waiting_in(done)
    if function.__name__ == "task_done":
        return held(function, "parent_task")
    return None


def held(function, name):
    """What the function's closure holds under that name; None if there is no such thing."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    try:
        return cells[name].cell_contents
    except (KeyError, ValueError):
        return None


def waiting_in(queue):
    """The future of the first task that waits in queue.get()."""
    return next(iter(queue._getters), None)
