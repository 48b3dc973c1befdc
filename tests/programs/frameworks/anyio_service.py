"""anyio: nested task groups, threads in both directions, streams, an event, a scope."""
import anyio
import anyio.from_thread
import anyio.to_thread
import inflight


async def rest(what):
    inflight.arrived(what)
    await anyio.sleep(3600)


async def in_thread():
    inflight.arrived("thread")
    await anyio.to_thread.run_sync(inflight.rest)


def calls_back():
    anyio.from_thread.run(rest, "from-thread")


async def through_thread():
    await anyio.to_thread.run_sync(calls_back)


async def receives(stream):
    inflight.arrived("receives")
    async with stream:
        await stream.receive()


async def waits(event):
    inflight.arrived("waits")
    with anyio.move_on_after(3600):
        await event.wait()


async def nested():
    async with anyio.create_task_group() as group:
        group.start_soon(rest, "nested-1")
        group.start_soon(rest, "nested-2", name="named")


async def starts(*, task_status):
    task_status.started()
    await rest("started")


async def serves():
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    inflight.arrived("serves")
    await listener.serve(print)


async def blocks():
    await anyio.sleep(0.3)
    legacy_report()


def legacy_report():
    inflight.hold()


async def main():
    event = anyio.Event()
    send, receive = anyio.create_memory_object_stream(1)
    async with anyio.create_task_group() as group:
        group.start_soon(in_thread)
        group.start_soon(through_thread)
        group.start_soon(receives, receive)
        group.start_soon(waits, event)
        group.start_soon(nested)
        group.start_soon(serves)
        await group.start(starts)
        await inflight.in_flight(
            "thread",
            "from-thread",
            "receives",
            "waits",
            "nested-1",
            "nested-2",
            "started",
            "serves",
        )
        if inflight.options.block == "handler":
            group.start_soon(blocks)
        await anyio.sleep(3600)


anyio.run(main)
