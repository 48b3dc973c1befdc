"""FastAPI on uvicorn: two middlewares, a sync endpoint, a stream, httpx as client and upstream."""
import asyncio
import contextlib

import httpx
import inflight
import uvicorn
from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import StreamingResponse

PORT = inflight.free_port()
app = FastAPI()
kept = []


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


async def add_request_id(request, call_next):
    return await call_next(request)


app.add_middleware(BaseHTTPMiddleware, dispatch=add_request_id)
app.add_middleware(Timing)


async def load_price(number):
    async with httpx.AsyncClient(timeout=None) as client:
        return await client.get("http://127.0.0.1:%d/slow" % PORT)


@app.get("/orders/{number}")
async def read_order(number: int):
    inflight.arrived("order")
    return await asyncio.gather(load_price(number), asyncio.sleep(3600))


@app.get("/slow")
async def slow():
    inflight.arrived("slow")
    await asyncio.sleep(3600)


@app.get("/report")
def report():
    inflight.arrived("report")
    inflight.rest()


async def rows():
    yield "first\n"
    inflight.arrived("stream")
    await asyncio.sleep(3600)


@app.get("/stream")
async def stream():
    return StreamingResponse(rows())


@app.get("/blocks")
async def blocks():
    legacy_report()


def legacy_report():
    inflight.hold()


async def drive():
    await inflight.listening(PORT)
    client = httpx.AsyncClient(base_url="http://127.0.0.1:%d" % PORT, timeout=None)
    for path in ("/orders/1", "/orders/2", "/report", "/stream"):
        kept.append(asyncio.create_task(client.get(path), name="GET " + path))
    await inflight.in_flight("order", "order", "slow", "slow", "report", "stream")
    if inflight.options.block == "handler":
        await client.get("/blocks")
    await asyncio.sleep(3600)


@contextlib.asynccontextmanager
async def lifespan(app):
    kept.append(asyncio.create_task(drive(), name="drive"))
    yield


app.router.lifespan_context = lifespan
loop = "uvloop" if inflight.options.uvloop else "asyncio"
uvicorn.run(app, port=PORT, loop=loop, log_level="warning")
