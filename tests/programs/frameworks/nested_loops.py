"""Loops that nest_asyncio lets run inside of themselves: one waits in its inner round, one is blocked
there. What they are stands in $AIODBG_REPORT with ".truth" appended."""
import asyncio
import json
import os
import threading
import time

import nest_asyncio

LONG = 1000
SETTLE_SECONDS = 1
loops = []


def note(name, state, **facts):
    loop = asyncio.get_running_loop()
    loops.append((loop, dict(facts, name=name, id=hex(id(loop)), state=state)))


async def rests():
    await asyncio.sleep(LONG)


async def waits_inside():
    note("waits", "idle", calls=None)
    asyncio.get_running_loop().run_until_complete(rests())


async def blocks():
    time.sleep(LONG)


async def blocked_inside():
    note("blocked", "busy", calls="sleep")
    asyncio.get_running_loop().run_until_complete(blocks())


def run(main):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    nest_asyncio.apply(loop)
    loop.run_until_complete(main())


def report():
    time.sleep(SETTLE_SECONDS)
    for loop, facts in loops:
        facts["ready"] = len(loop._ready)
        facts["timers"] = len(loop._scheduled)
        # asyncio.all_tasks() of 3.14 does not have those of nest_asyncio.
        facts["tasks"] = 2
    with open(os.environ["AIODBG_REPORT"] + ".truth", "w") as file:
        json.dump({"loops": [facts for _, facts in loops]}, file)
    print("READY", os.getpid(), flush=True)


if __name__ == "__main__":
    for main in (waits_inside, blocked_inside):
        threading.Thread(target=run, args=(main,), daemon=True).start()
    report()
    time.sleep(LONG)
