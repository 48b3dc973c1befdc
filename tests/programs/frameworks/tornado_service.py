"""Tornado, server and client: coroutines old and new, a websocket, work in a thread."""
import asyncio

import inflight
import tornado.gen
import tornado.httpclient
import tornado.web
import tornado.websocket

kept = []


class Slow(tornado.web.RequestHandler):
    async def get(self):
        inflight.arrived("slow")
        await asyncio.sleep(3600)


class Old(tornado.web.RequestHandler):
    @tornado.gen.coroutine
    def get(self):
        inflight.arrived("old")
        yield tornado.gen.sleep(3600)


class Report(tornado.web.RequestHandler):
    async def get(self):
        inflight.arrived("report")
        await asyncio.get_running_loop().run_in_executor(None, inflight.rest)


class Talk(tornado.websocket.WebSocketHandler):
    async def on_message(self, message):
        inflight.arrived(message)
        await asyncio.sleep(3600)


class Blocks(tornado.web.RequestHandler):
    def get(self):
        legacy_report()


def legacy_report():
    inflight.hold()


async def get(url):
    client = tornado.httpclient.AsyncHTTPClient()
    await client.fetch(url, request_timeout=3600)


async def talk(url):
    socket = await tornado.websocket.websocket_connect(url)
    await socket.write_message("message")
    await socket.read_message()


async def main():
    port = inflight.free_port()
    handlers = [("/slow", Slow), ("/old", Old), ("/report", Report), ("/ws", Talk)]
    app = tornado.web.Application(handlers + [("/blocks", Blocks)])
    app.listen(port, "127.0.0.1")
    address = "127.0.0.1:%d" % port
    for path in ("/slow", "/old", "/report"):
        task = asyncio.create_task(get("http://" + address + path), name="GET " + path)
        kept.append(task)
    kept.append(asyncio.create_task(talk("ws://" + address + "/ws"), name="websocket"))
    await inflight.in_flight("slow", "old", "report", "message")
    if inflight.options.block == "handler":
        await get("http://" + address + "/blocks")
    await asyncio.sleep(3600)


asyncio.run(main())
