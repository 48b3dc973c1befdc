"""An endpoint of FastAPI that is asynchronous, and asks a database that is not."""

import asyncio
import threading
import time

import service

try:
    import fastapi
    import uvicorn
except ImportError:
    service.missing("FastAPI with uvicorn")

PACKAGES = ("fastapi", "uvicorn")
REQUEST = b"GET /report HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Reports:
    def __init__(self, scene):
        # The mistake: a query that takes long, in the loop's thread.
        self.seconds = 0.001 if scene.healthy else 2000
        self.handler = None

    def query(self):
        time.sleep(self.seconds)  # place: sleeps
        return {"rows": 0}

    async def report(self):
        self.handler = asyncio.current_task()
        await asyncio.sleep(0.1)
        return self.query()


async def serve(reports):
    app = fastapi.FastAPI()
    app.get("/report")(reports.report)
    config = uvicorn.Config(app, port=0, log_level="critical", loop="none", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    return task, server.servers[0].sockets[0].getsockname()[1]


async def request(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    await reader.read()
    writer.close()


async def main(scene):
    await scene.begin()
    reports = Reports(scene)
    server, port = await serve(reports)
    scene.spawn(service.repeat, scene, request, port)
    await scene.until(lambda: reports.handler)
    tasks = [reports.handler] if reports.handler else []
    scene.expect("loop-blocked", "certain", tasks=tasks, places=[scene.place("sleeps")])
    place, thread = scene.place("sleeps"), threading.main_thread()
    scene.ready_when(lambda: service.thread_at(thread, place), service.SETTLE_BLOCKED)
    await server


service.run(__file__, main)
