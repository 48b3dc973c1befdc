"""Jobs of a loop in interpreters of their own: each thread of the pool has a stack in two. What they
are stands in $AIODBG_REPORT with ".truth" appended."""
import asyncio
import concurrent.futures
import json
import os
import threading
import time

HAS_POOL = hasattr(concurrent.futures, "InterpreterPoolExecutor")
LONG = 1000
SETTLE_SECONDS = 1
WORKERS = 2
JOBS = 5
SCRIPT = """
import time

def slow():
    time.sleep(%d)

slow()
""" % LONG


def in_interpreter():
    """What a worker of the pool of 3.14 does."""
    import _interpreters

    _interpreters.exec(_interpreters.create(), SCRIPT)


def start(loop):
    if HAS_POOL:
        pool = concurrent.futures.InterpreterPoolExecutor(WORKERS, "sub")
        return [loop.run_in_executor(pool, time.sleep, LONG) for _ in range(JOBS)]
    pool = concurrent.futures.ThreadPoolExecutor(WORKERS, "sub")
    return [loop.run_in_executor(pool, in_interpreter) for _ in range(JOBS)]


async def waits(job):
    await job


def work_of(tid):
    """The state of a thread, and what it has used of the processor."""
    with open("/proc/self/task/%d/stat" % tid) as file:
        words = file.read().rpartition(")")[2].split()
    return words[0], words[11], words[12]


def settle(workers):
    """An interpreter takes its time to begin."""
    before, now = None, []
    while now != before or any(work[0] != "S" for work in now):
        time.sleep(SETTLE_SECONDS)
        before, now = now, [work_of(tid) for tid in workers]


def report(loop, tasks):
    time.sleep(SETTLE_SECONDS)
    workers = [one.native_id for one in threading.enumerate() if one.name.startswith("sub_")]
    settle(workers)
    facts = {"loop": hex(id(loop)), "tasks": [hex(id(task)) for task in tasks], "workers": workers}
    facts["queued"] = JOBS - WORKERS
    facts["innermost"] = None if HAS_POOL else ["slow", "<string>", 5]
    with open(os.environ["AIODBG_REPORT"] + ".truth", "w") as file:
        json.dump(facts, file)
    print("READY", os.getpid(), flush=True)


async def main():
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(waits(job)) for job in start(loop)]
    threading.Thread(target=report, args=(loop, tasks), daemon=True).start()
    await asyncio.wait(tasks)


if __name__ == "__main__":
    asyncio.run(main())
