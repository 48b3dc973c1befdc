"""aiohttp, server and client: a plain request, a stream, a websocket, work in a thread."""
import asyncio

import aiohttp
import inflight
from aiohttp import web

PORT = inflight.free_port()
routes = web.RouteTableDef()
kept = []


@web.middleware
async def timing(request, handler):
    return await handler(request)


@routes.get("/slow")
async def slow(request):
    inflight.arrived("slow")
    await asyncio.sleep(3600)


@routes.get("/upstream")
async def upstream(request):
    inflight.arrived("upstream")
    async with aiohttp.ClientSession() as session:
        async with session.get("http://127.0.0.1:%d/slow" % PORT) as response:
            return web.Response(text=await response.text())


@routes.get("/report")
async def report(request):
    inflight.arrived("report")
    await asyncio.get_running_loop().run_in_executor(None, inflight.rest)


@routes.get("/stream")
async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first\n")
    inflight.arrived("stream")
    await asyncio.sleep(3600)


@routes.post("/upload")
async def upload(request):
    inflight.arrived("upload")
    await request.read()


@routes.get("/ws")
async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    inflight.arrived("ws")
    async for _ in socket:
        pass


@routes.get("/blocks")
async def blocks(request):
    legacy_report()


def legacy_report():
    inflight.hold()


async def get(session, path):
    async with session.get(path) as response:
        await response.read()


async def endless():
    yield b"first"
    await asyncio.sleep(3600)


async def post(session):
    async with session.post("/upload", data=endless()):
        pass


async def listen(session):
    async with session.ws_connect("/ws") as socket:
        await socket.receive()


async def drive():
    await inflight.listening(PORT)
    session = aiohttp.ClientSession("http://127.0.0.1:%d" % PORT)
    for path in ("/upstream", "/report", "/stream"):
        kept.append(asyncio.create_task(get(session, path), name="GET " + path))
    kept.append(asyncio.create_task(post(session), name="POST /upload"))
    kept.append(asyncio.create_task(listen(session), name="websocket"))
    await inflight.in_flight("upstream", "slow", "report", "stream", "upload", "ws")
    if inflight.options.block == "handler":
        await get(session, "/blocks")
    await asyncio.sleep(3600)


async def start(app):
    kept.append(asyncio.create_task(drive(), name="drive"))


app = web.Application(middlewares=[timing])
app.add_routes(routes)
app.on_startup.append(start)
web.run_app(app, host="127.0.0.1", port=PORT, print=None)
