"""A program each of whose texts is meant to harm a terminal, run by test_terminal_output.py.

Names of tasks, functions, classes, files and context variables, values, exceptions, messages, and
the lines of a source file in the current folder. FORGED is what a line of ours would begin with.
"""
import asyncio
import contextvars
import os
import time

HARM = "\x1b[2J\x1b]0;title\x07\r\n└── (T) FORGED\x9b31m\u202e\u2066\ud83c\u2028\x7f\x00%s%n"
# What a file name can have.
FILE_HARM = HARM.replace("/", "").replace("\x00", "").replace("\ud83c", "")
SOURCE = "async def f(aw):\n    return await (aw, '\x1b[2J\u202eFORGED\x9b\x07')[0]  # \x1b]0;x\x07\n"

path = os.path.abspath("hostile" + FILE_HARM + ".py")
with open(path, "w", encoding="utf-8") as file:
    file.write(SOURCE)
scope = {}
exec(compile(SOURCE, path, "exec"), scope)
f = scope["f"]
f.__qualname__ = f.__name__ = HARM
f.__code__ = f.__code__.replace(co_name=HARM, co_qualname=HARM)
variable = contextvars.ContextVar("variable" + HARM)


class Harm(Exception):
    pass


Hostile = type("Hostile" + FILE_HARM, (asyncio.Task,), {})


async def raises():
    raise Harm(HARM, {HARM: HARM.encode("utf-8", "surrogatepass")})


async def main():
    loop = asyncio.get_running_loop()
    variable.set([HARM])
    waiting = Hostile(f(loop.create_future()), loop=loop, name=HARM)
    failed = Hostile(raises(), loop=loop, name="failed" + HARM)
    outer = Hostile(f(waiting), loop=loop, name="outer" + HARM)
    await asyncio.sleep(0.05)
    cancelled = Hostile(f(loop.create_future()), loop=loop, name="cancelled" + HARM)
    cancelled.cancel(HARM)
    ids = [hex(id(task)) for task in (waiting, failed, outer, cancelled)]
    with open("ids", "w") as file:
        file.write(" ".join(ids))
    os.write(1, b"READY %d\n" % os.getpid())
    # So that the message is not delivered.
    time.sleep(3600)


asyncio.run(main())
