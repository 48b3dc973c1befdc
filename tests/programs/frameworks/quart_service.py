"""Quart on hypercorn: a plain request, a sync one in a thread, a stream, a websocket."""
import asyncio

import httpx
import hypercorn.asyncio
import hypercorn.config
import inflight
import quart

PORT = inflight.free_port()
app = quart.Quart(__name__)
kept = []


@app.route("/slow")
async def slow():
    inflight.arrived("slow")
    await asyncio.sleep(3600)


@app.route("/report")
def report():
    inflight.arrived("report")
    inflight.rest()


async def rows():
    yield b"first\n"
    inflight.arrived("stream")
    await asyncio.sleep(3600)


@app.route("/stream")
async def stream():
    return rows(), 200


@app.websocket("/ws")
async def talk():
    inflight.arrived("ws")
    await quart.websocket.receive()


@app.route("/blocks")
async def blocks():
    legacy_report()


def legacy_report():
    inflight.hold()


async def open_websocket():
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(
        b"GET /ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    while await reader.read(1000):
        pass


@app.before_serving
async def start():
    kept.append(asyncio.create_task(drive(), name="drive"))


async def drive():
    await inflight.listening(PORT)
    client = httpx.AsyncClient(base_url="http://127.0.0.1:%d" % PORT, timeout=None)
    for path in ("/slow", "/report", "/stream"):
        kept.append(asyncio.create_task(client.get(path), name="GET " + path))
    kept.append(asyncio.create_task(open_websocket(), name="websocket"))
    await inflight.in_flight("slow", "report", "stream", "ws")
    if inflight.options.block == "handler":
        await client.get("/blocks")
    await asyncio.sleep(3600)


config = hypercorn.config.Config()
config.bind = ["127.0.0.1:%d" % PORT]
config.errorlog = None
asyncio.run(hypercorn.asyncio.serve(app, config))
