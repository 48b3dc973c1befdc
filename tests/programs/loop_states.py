"""Event loops in every state, and what each of them knows of itself.

Each case runs a loop in a thread of its own; a thread writes the truth to $AIODBG_REPORT with
".truth" appended, and ends.
"""
import asyncio
import json
import os
import resource
import signal
import socket
import threading
import time

LONG = 1000
SETTLE_SECONDS = 1.5
READY = 10000
TIMERS = 200
CONNECTIONS = 500
cases = []
hold = threading.Lock()
hold.acquire()


def case(name, state, loop, **facts):
    cases.append(dict(facts, name=name, state=state, loop=loop))


def thread(name, main):
    threading.Thread(target=lambda: asyncio.run(main()), name=name, daemon=True).start()


async def sleeps():
    await asyncio.sleep(LONG)


def never():
    raise AssertionError


def load():
    time.sleep(LONG)


def step(loop):
    return loop.create_task(sleeps())


async def idle():
    loop = asyncio.get_running_loop()
    case("idle", "idle", loop, timers=1, ready=0)
    await asyncio.sleep(LONG)


async def blocked():
    loop = asyncio.get_running_loop()
    case("blocked", "busy", loop, calls="sleep")
    await asyncio.sleep(0.1)
    blocks_in_sleep()


def blocks_in_sleep():
    time.sleep(LONG)


async def locked():
    loop = asyncio.get_running_loop()
    case("locked", "busy", loop, calls="acquire")
    loop.call_soon(blocks_in_lock)
    await asyncio.sleep(LONG)


def blocks_in_lock():
    hold.acquire()


async def many_ready():
    loop = asyncio.get_running_loop()
    for _ in range(5):
        step(loop)
    for _ in range(READY - 5):
        loop.call_soon(never)
    case("ready", "busy", loop, ready=READY, tasks=6)
    time.sleep(LONG)


async def many_timers():
    loop = asyncio.get_running_loop()
    timers = [loop.call_later(500 + i, never) for i in range(TIMERS)]
    for timer in timers[::2]:
        timer._scheduled = False
        timer.cancel()
    loop.call_at(loop.time() + 400, never)
    case("timers", "idle", loop, timers=TIMERS // 2 + 2, cancelled=TIMERS // 2, ready=0)
    await asyncio.sleep(LONG)


async def connections():
    loop = asyncio.get_running_loop()
    loop_case = {"files": [], "fds": 0}
    peers = []

    async def serve(reader, writer):
        peers.append(writer.get_extra_info("peername"))
        task = asyncio.current_task()
        task_id = hex(id(task))
        sock = writer.get_extra_info("socket")
        loop_case["files"].append(
            {"fd": sock.fileno(), "peer": "%s:%d" % sock.getpeername()[:2], "waiter": task_id}
        )
        await reader.read(1)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=CONNECTIONS)
    port = server.sockets[0].getsockname()[1]
    clients = []
    for _ in range(CONNECTIONS):
        client = socket.create_connection(("127.0.0.1", port))
        clients.append(client)
    while len(peers) < CONNECTIONS:
        await asyncio.sleep(0.01)
    read, write = os.pipe()
    loop.add_reader(read, never)
    case("connections", "idle", loop, watched=True, clients=clients, **loop_case)
    await asyncio.sleep(LONG)


async def exhausted():
    loop = asyncio.get_running_loop()
    import concurrent.futures

    pool = concurrent.futures.ThreadPoolExecutor(2, "tired")
    loop.set_default_executor(pool)
    for _ in range(5):
        loop.run_in_executor(None, load)
    case("exhausted", "idle", loop, workers=2, queued=3)
    await asyncio.sleep(LONG)


def closed():
    loop = asyncio.new_event_loop()
    task = loop.create_task(sleeps())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    case("closed", "closed", loop, task=task, tasks=1)


def not_running():
    loop = asyncio.new_event_loop()
    task = loop.create_task(sleeps())
    loop.run_until_complete(asyncio.sleep(0))
    case("not running", "not running", loop, task=task, tasks=1)


def report():
    time.sleep(SETTLE_SECONDS)
    written = []
    for one in cases:
        loop = one["loop"]
        fact = {
            key: value for key, value in one.items() if key not in ("loop", "task", "clients")
        }
        fact["id"] = hex(id(loop))
        fact["type"] = type(loop).__name__
        if not loop.is_closed() and loop._selector.get_map() is not None:
            fact["fds"] = len(loop._selector.get_map()) - loop._internal_fds
        else:
            fact.pop("fds", None)
        fact.setdefault("ready", len(loop._ready))
        written.append(fact)
    with open(os.environ["AIODBG_REPORT"] + ".truth", "w") as file:
        json.dump({"loops": written}, file)
    print("READY", os.getpid(), flush=True)


async def main():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, never)
    loop.call_later(LONG + 1, int)
    case("main", "idle", loop, signals=[int(signal.SIGUSR1)])
    threading.Thread(target=report, daemon=True).start()
    await asyncio.sleep(LONG)


def allow_files():
    """Each connection has two ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3 * CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        hard = hard if hard == resource.RLIM_INFINITY else max(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    allow_files()
    closed()
    not_running()
    thread("idle", idle)
    thread("blocked", blocked)
    thread("locked", locked)
    thread("ready", many_ready)
    thread("timers", many_timers)
    thread("connections", connections)
    thread("exhausted", exhausted)
    asyncio.run(main())
