"""Two loops of uvloop: one waits, one is blocked in a callback. What was handed to them stands in
$AIODBG_REPORT with ".truth" appended."""
import asyncio
import json
import os
import threading
import time

import uvloop

LONG = 1000
SETTLE_SECONDS = 1.5
READY = 50
STEPS = 3
TIMERS = 20
CONNECTIONS = 5
loops = []


def never():
    raise AssertionError


def later(loop):
    """Timers, of which half are cancelled."""
    timers = [loop.call_later(LONG + i, never) for i in range(TIMERS)]
    for timer in timers[::2]:
        timer.cancel()
    return TIMERS // 2


async def rests():
    await asyncio.sleep(LONG)


async def blocked():
    loop = asyncio.get_running_loop()
    for _ in range(READY):
        loop.call_soon(never)
    tasks = [loop.create_task(rests()) for _ in range(STEPS)]
    timers = later(loop)
    facts = {"name": "blocked", "state": "busy", "calls": "sleep"}
    facts.update(ready=READY + STEPS, timers=timers, tasks=STEPS + 1)
    facts["steps"] = [hex(id(task)) for task in tasks]
    loops.append(dict(facts, id=hex(id(loop))))
    time.sleep(LONG)


async def serve(reader, writer):
    await reader.read(1)


async def waits():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()[:2]
    clients = [await asyncio.open_connection(*address) for _ in range(CONNECTIONS)]
    loop.add_reader(os.pipe()[0], never)
    while len(asyncio.all_tasks()) < CONNECTIONS + 1:
        await asyncio.sleep(0.01)
    fds = [writer.get_extra_info("socket").fileno() for _, writer in clients]
    loop.run_in_executor(None, time.sleep, LONG)
    facts = {"name": "waits", "state": "idle", "calls": None, "clients": fds}
    facts["serving"] = sorted(
        hex(id(task)) for task in asyncio.all_tasks() if task is not asyncio.current_task()
    )
    facts.update(ready=0, timers=later(loop) + 1, tasks=CONNECTIONS + 1, executor=1)
    loops.append(dict(facts, id=hex(id(loop))))
    await asyncio.sleep(LONG)


def report():
    time.sleep(SETTLE_SECONDS)
    with open(os.environ["AIODBG_REPORT"] + ".truth", "w") as file:
        json.dump({"loops": loops}, file)
    print("READY", os.getpid(), flush=True)


if __name__ == "__main__":
    uvloop.install()
    for main in (blocked, waits):
        threading.Thread(target=lambda main=main: asyncio.run(main()), daemon=True).start()
    report()
    time.sleep(LONG)
