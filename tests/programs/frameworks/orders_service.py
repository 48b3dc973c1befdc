"""FastAPI on uvicorn with 14 requests in flight: two middlewares, an upstream that never answers.

Six orders, each of which asks the upstream twice, two reports in worker threads, six users in a
plain sleep. Those who ask are sockets that no task waits for.
"""
import asyncio
import contextlib
import socket

import httpx
import inflight
import uvicorn
from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware

PORT = inflight.free_port()
PATHS = 6 * ["/orders/7"] + 2 * ["/report"] + 6 * ["/users/1"]
app = FastAPI()
kept = []


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


async def add_request_id(request, call_next):
    return await call_next(request)


app.add_middleware(BaseHTTPMiddleware, dispatch=add_request_id)
app.add_middleware(Timing)


async def ask(path):
    async with httpx.AsyncClient(timeout=None) as client:
        return await client.get("http://127.0.0.1:%d/%s" % (kept[0].getsockname()[1], path))


async def load_prices(number):
    return await ask("prices")


async def load_stock(number):
    return await ask("stock")


class OrderService:
    async def order(self, number):
        return await asyncio.gather(load_prices(number), load_stock(number))


@app.get("/orders/{number}")
async def read_order(number: int):
    inflight.arrived("order")
    return await OrderService().order(number)


@app.get("/report")
def report():
    inflight.arrived("report")
    inflight.rest()


@app.get("/users/{number}")
async def read_user(number: int):
    inflight.arrived("user")
    await asyncio.sleep(3600)


async def drive():
    await inflight.listening(PORT)
    for path in PATHS:
        client = socket.create_connection(("127.0.0.1", PORT))
        client.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode())
        kept.append(client)
    await inflight.in_flight(*(6 * ["order"] + 2 * ["report"] + 6 * ["user"]))


@contextlib.asynccontextmanager
async def lifespan(app):
    upstream = socket.create_server(("127.0.0.1", 0), backlog=32)
    kept.append(upstream)
    kept.append(asyncio.create_task(drive(), name="drive"))
    yield


app.router.lifespan_context = lifespan
loop = "uvloop" if inflight.options.uvloop else "asyncio"
uvicorn.run(app, port=PORT, loop=loop, log_level="warning")
