"""Two loops of uvloop: one waits, one is blocked in a callback. What was handed to them stands in
$AIODBG_REPORT with ".truth" appended."""
import asyncio
import json
import os
import socket
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
kept = []


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


def watched(known, pipe):
    """What the kernel says of the epoll that watches a file: those of which that is the only pipe are of
    the program, the eventfd and the other pipe are of libuv."""
    for number in os.listdir("/proc/self/fdinfo"):
        with open("/proc/self/fdinfo/" + number) as file:
            found = {int(line.split()[1]): int(line.split()[3], 16) for line in file
                     if line.startswith("tfd:")}
        if known in found:
            break
    kinds = {fd: os.readlink("/proc/self/fd/%d" % fd).split(":")[0] for fd in found}
    return {
        fd: [bool(events & 1), bool(events & 4)]
        for fd, events in found.items()
        if kinds[fd] == "socket" or fd == pipe
    }


async def blocked():
    loop = asyncio.get_running_loop()
    for _ in range(READY):
        loop.call_soon(never)
    tasks = [loop.create_task(rests()) for _ in range(STEPS)]
    timers = later(loop)
    facts = {"name": "blocked", "state": "busy", "calls": "sleep"}
    facts.update(ready=READY + STEPS, timers=timers, tasks=STEPS + 1, fds=0)
    facts["steps"] = [hex(id(task)) for task in tasks]
    loops.append(dict(facts, id=hex(id(loop))))
    time.sleep(LONG)


def fill(full):
    try:
        return full.send(b"x" * 65536)
    except BlockingIOError:
        return 0


async def serve(reader, writer):
    await reader.read(1)


async def waits():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()[:2]
    clients = [await asyncio.open_connection(*address) for _ in range(CONNECTIONS)]
    pipe = os.pipe()[0]
    loop.add_reader(pipe, never)
    full, _ = kept[:] = socket.socketpair()
    full.setblocking(False)
    while fill(full):
        pass
    loop.add_writer(full, never)
    while len(asyncio.all_tasks()) < CONNECTIONS + 1:
        await asyncio.sleep(0.01)
    fds = [writer.get_extra_info("socket").fileno() for _, writer in clients]
    loop.run_in_executor(None, time.sleep, LONG)
    await asyncio.sleep(0.1)
    facts = {"name": "waits", "state": "idle", "calls": None, "clients": fds}
    facts["watched"] = watched(fds[0], pipe)
    facts["listens"] = server.sockets[0].fileno()
    facts["fds"] = len(facts["watched"])
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
