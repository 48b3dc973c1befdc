"""websockets, server and client."""
import asyncio

import inflight
import websockets

kept = []


async def talk(socket):
    async for message in socket:
        inflight.arrived(message)
        if message == "blocks":
            legacy_report()
        if message == "works":
            await asyncio.sleep(3600)


def legacy_report():
    inflight.hold()


async def listen(port, message):
    async with websockets.connect("ws://127.0.0.1:%d" % port) as socket:
        await socket.send(message)
        async for _ in socket:
            pass


async def main():
    port = inflight.free_port()
    async with websockets.serve(talk, "127.0.0.1", port):
        for message in ("listens", "listens", "works"):
            kept.append(asyncio.create_task(listen(port, message), name="client " + message))
        await inflight.in_flight("listens", "listens", "works")
        if inflight.options.block == "handler":
            await listen(port, "blocks")
        await asyncio.sleep(3600)


asyncio.run(main())
