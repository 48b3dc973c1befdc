"""Secrets in every place that a debugger may show, under names that say so; and values of all sorts.

Each secret has the word hunter2 in it, which is put together here: no line of source has it whole.
"""
import asyncio
import collections
import concurrent.futures
import contextvars
import functools
import os
import subprocess
import sys
import threading
import time

LONG = 1000
SECRET = "hunter" + str(1 + 1)
API_KEY = contextvars.ContextVar("api_key")
REQUEST = contextvars.ContextVar("request")


class Stock:
    def __init__(self):
        self.value = 1


class Money(int):
    pass


def secret(name=""):
    return "%s%s" % (name, SECRET)


def values():
    """Variables of a frame, those to be hidden first."""
    return {
        "password": secret(),
        "session_id": secret(),
        "nested": {"db": {"passwd": secret()}},
        "headers": {"Authorization": "Bearer " + secret(), "Accept": "text/html"},
        "raw": [(b"cookie", SECRET.encode()), (b"accept", b"*/*")],
        "url": "postgres://admin:%s@db.example/orders" % SECRET,
        "link": "https://example.org/?user=a&access_token=%s&page=2" % SECRET,
        "argv": ["curl", "--api-token", secret(), "https://example.org"],
        "text": "login failed: password=%s for admin" % SECRET,
    }


async def has_values():
    password = api_token = secret()
    nested = {"db": {"passwd": secret()}, "port": 5432}
    headers = {"Authorization": "Bearer " + secret(), "Accept": "text/html"}
    raw = [(b"cookie", SECRET.encode()), (b"accept", b"*/*")]
    url = "postgres://admin:%s@db.example/orders" % SECRET
    link = "https://example.org/?user=a&access_token=%s&page=2" % SECRET
    argv = ["curl", "--api-token", secret(), "https://example.org"]
    text = "login failed: password=%s for admin" % SECRET
    number, floating, nothing, yes = 5, 2.5, None, True
    stock, money, counts = Stock(), Money(3), collections.Counter("aab")
    many, deep = list(range(100)), [[1, [2]], (3,)]
    long_text, queue = "x" * 1000, collections.deque([1, 2])
    await asyncio.sleep(LONG)
    return (password, api_token, nested, headers, raw, url, link, argv, text, number, floating,
            nothing, yes, stock, money, counts, many, deep, long_text, queue)


async def in_context():
    API_KEY.set(secret())
    REQUEST.set({"path": "/orders", "session": secret()})
    await asyncio.sleep(LONG)


async def fails():
    raise RuntimeError("cannot log in with token=%s at https://a:%s@example.org/" % (SECRET, SECRET))


async def returns():
    return values()


async def has_child(secret_argument):
    arguments = [sys.executable, "-c", "import time; time.sleep(1000)", "--password", secret_argument]
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    children.append(process)
    await asyncio.get_running_loop().run_in_executor(None, process.wait)


async def has_own_child(secret_argument):
    code = "import time; time.sleep(1000)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, "--api-key=" + secret_argument
    )
    await process.wait()


async def asks_executor():
    pool = concurrent.futures.ThreadPoolExecutor(1, "pool token=" + SECRET)
    asyncio.get_running_loop().set_default_executor(pool)
    jobs = [functools.partial(time.sleep, LONG) for _ in range(2)]
    await asyncio.gather(*(asyncio.get_running_loop().run_in_executor(pool, job) for job in jobs))


async def raises_in_group():
    """Fails with what others wait for."""
    queue = asyncio.Queue(1)

    async def feeds():
        await asyncio.sleep(0)
        raise ValueError("password=%s is wrong" % SECRET, {"api_key": secret()}, queue)

    feeder = asyncio.get_running_loop().create_task(feeds())
    await queue.get()
    return feeder


def in_thread():
    token = secret()
    auth = ("user", token)
    time.sleep(LONG)
    return token, auth


async def main():
    loop = asyncio.get_running_loop()
    for coroutine, name in (
        (has_values(), "values"),
        (in_context(), "context"),
        (fails(), "fails"),
        (returns(), "returns"),
        (has_child(secret()), "child"),
        (has_own_child(secret()), "own-child"),
        (asks_executor(), "executor"),
        (raises_in_group(), "queue"),
    ):
        task = loop.create_task(coroutine)
        if hasattr(task, "set_name"):
            task.set_name(name)
        kept.append(task)
    named = loop.create_task(asyncio.sleep(LONG))
    if hasattr(named, "set_name"):
        named.set_name("GET https://user:%s@example.org/orders" % SECRET)
    waiting = [loop.create_task(asyncio.sleep(LONG)) for _ in range(2)]
    for task in waiting:
        if hasattr(task, "set_name"):
            task.set_name("fetch token=" + SECRET)
    loop.call_later(LONG, print, "password=" + SECRET)
    for name in ("thread", "polls https://a:%s@example.org/" % SECRET):
        threading.Thread(target=in_thread, name=name, daemon=True).start()
    loop.call_soon(loop.call_later, LONG, functools.partial(print, api_key=SECRET), SECRET)
    await asyncio.sleep(0.5)
    print("READY", os.getpid(), flush=True)
    for task in kept:
        print(hex(id(task)), flush=True)
    holds = [kept, named, waiting]
    await asyncio.wait([task for task in kept if isinstance(task, asyncio.Task)][:2])
    return holds


kept = []
children = []

if __name__ == "__main__":
    asyncio.run(main())
