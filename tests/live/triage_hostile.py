"""A program whose names are meant to break a page of Markdown, run by test_triage.py.

Two tasks wait for each other, one runs, some wait; each name, function and file has a trap in it.
"""
import asyncio
import os
import threading
import time
import types

TRAPS = (
    "`code` ``` ~~~",
    "| a | b |\n|---|---|",
    "\\| back \\",
    "</code></details><script>alert(1)</script>",
    "[text](http://evil.example/) <http://evil.example/> www.evil.example",
    "![image](http://evil.example/x.png)",
    "*bold* _it_ ~~gone~~ # title $x$ @somebody #1 &amp; &lt;",
    "::error file=x::injected",
    "\n\n## heading\n\n- item\n",
    "\x1b[31mred\x1b[0m\x07 \u202edesrever",
    "   ",
    "",
    "trap " * 1000,
)


async def rest():
    await asyncio.sleep(3600)


async def other(tasks, name):
    await asyncio.sleep(0)
    await tasks[name]


def spin(event):
    event.set()
    time.sleep(3600)


def disguised(function, name):
    """The function as one of that name, from a file whose name is a trap as well."""
    code = function.__code__.replace(co_name=name, co_filename="/x/`|</code>\n<b>/y|`z.py")
    if hasattr(code, "co_qualname"):
        code = code.replace(co_qualname=name)
    return types.FunctionType(code, globals())


async def runs(event):
    await asyncio.sleep(0.1)
    disguised(spin, "spin`|<img src=x>\n")(event)


def announce(event):
    event.wait()
    time.sleep(0.1)
    os.write(1, b"READY %d\n" % os.getpid())


async def main():
    event, tasks = threading.Event(), {}
    threading.Thread(target=announce, args=(event,), daemon=True).start()
    for name, after in (("a`|b", "</details>"), ("</details>", "a`|b")):
        tasks[name] = asyncio.create_task(other(tasks, after), name=name)
    for trap in TRAPS:
        tasks[trap] = asyncio.create_task(disguised(rest, trap)(), name=trap)
    tasks["runs"] = asyncio.create_task(runs(event), name="`runs` | </summary><b>")
    await asyncio.sleep(3600)


asyncio.run(main())
