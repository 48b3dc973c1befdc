"""A child that was forked inside of a callback: the loops of its parent are copies, the one that it
runs itself is its own. Both say what they are in $AIODBG_REPORT with ".truth" appended."""
import asyncio
import json
import os
import threading
import time
import warnings

LONG = 1000
SETTLE_SECONDS = 0.5
copies = []
own = []


async def rests(known=None):
    if known is not None:
        known.append(asyncio.get_running_loop())
    await asyncio.sleep(LONG)


def ids(loops):
    return [hex(id(loop)) for loop in loops]


def report(pid):
    time.sleep(SETTLE_SECONDS)
    facts = {"pid": pid, "loops": ids(copies), "own": ids(own)}
    # Since 3.14 the tasks of other threads are in no list any more.
    facts["copies"] = ids(loop for loop in copies if asyncio.all_tasks(loop))
    with open(os.environ["AIODBG_REPORT"] + ".truth", "w") as file:
        json.dump(facts, file)
    print("READY", os.getppid(), flush=True)


def fork():
    if os.fork():
        return
    # Its loop is of another process for asyncio, too: it may run one of its own.
    threading.Thread(target=report, args=(os.getpid(),), daemon=True).start()
    asyncio.run(rests(own))


async def main():
    threading.Thread(target=lambda: asyncio.run(rests(copies)), daemon=True).start()
    loop = asyncio.get_running_loop()
    copies.append(loop)
    while len(copies) < 2:
        await asyncio.sleep(0.01)
    loop.call_soon(fork)
    await asyncio.sleep(LONG)


if __name__ == "__main__":
    # It is multi-threaded, and forks.
    warnings.simplefilter("ignore", DeprecationWarning)
    asyncio.run(main())
