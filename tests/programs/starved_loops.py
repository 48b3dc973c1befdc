"""An event loop that another thread starves: it is in a regular expression, in a callback of its own
loop, and keeps the interpreter. What each of them is stands in $AIODBG_REPORT with ".truth" appended."""
import asyncio
import json
import os
import re
import threading
import time

LONG = 1000
SETTLE_SECONDS = 0.5
TICK_SECONDS = 0.2
# Takes years, and a signal would end it only at its next check.
PATTERN = re.compile("(x+x+)+y")
found = {}
quiet = threading.Event()


def match():
    return PATTERN.match("x" * 200)


async def matches():
    loop = found["matches"] = asyncio.get_running_loop()
    while not quiet.is_set():
        await asyncio.sleep(0.01)
    loop.call_soon(match)
    await asyncio.sleep(LONG)


async def ticks():
    found["ticks"] = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(TICK_SECONDS)


async def rests():
    found["rests"] = asyncio.get_running_loop()
    await asyncio.sleep(LONG)


def report():
    time.sleep(SETTLE_SECONDS)
    facts = {name: hex(id(loop)) for name, loop in found.items()}
    facts["thread"] = [one.native_id for one in threading.enumerate() if one.name == "matches"]
    with open(os.environ["AIODBG_REPORT"] + ".truth", "w") as file:
        json.dump(facts, file)
    print("READY", os.getpid(), flush=True)
    quiet.set()


if __name__ == "__main__":
    for name, main in (("ticks", ticks), ("matches", matches), ("rests", rests)):
        threading.Thread(target=lambda main=main: asyncio.run(main()), name=name).start()
    report()
