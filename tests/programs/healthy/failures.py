"""Tasks that fail, whose work others wait for: somebody does it again, or others do it as well."""

import asyncio

import load

PAUSE = 0.4


class Lost(Exception):
    pass


class Link:
    def __init__(self):
        self.up = asyncio.Event()
        self.tries = 0

    async def dial(self):
        self.tries += 1
        await asyncio.sleep(0.01)
        if self.tries % 3:
            raise Lost("no route")
        self.up.set()

    async def send(self):
        await self.up.wait()
        self.up.clear()


async def sender(scene, link):
    while True:
        await link.send()
        scene.step()


async def redial(scene):
    """A supervisor that does not look at what went wrong."""
    link = Link()
    sending = asyncio.ensure_future(sender(scene, link))
    while not sending.done():
        dialer = asyncio.ensure_future(link.dial())
        await asyncio.wait([dialer])
        await asyncio.sleep(PAUSE)


async def feed(queue, fails):
    while True:
        await queue.put("quote")
        await asyncio.sleep(0.05)
        if fails:
            raise Lost("by the other side")


async def drink(scene, queue, fails=False):
    while True:
        await queue.get()
        if fails:
            raise Lost("one of many")
        await asyncio.sleep(0.01)
        scene.step()
        queue.task_done()


async def one_of_two(scene):
    """Another producer goes on, more slowly."""
    queue = asyncio.Queue()
    failed = asyncio.ensure_future(feed(queue, True))
    consumers = [asyncio.ensure_future(drink(scene, queue)) for _ in range(3)]
    while not all(one.done() for one in consumers):
        await asyncio.sleep(PAUSE)
        await queue.put("slow")
    return failed


async def ended_well(queue):
    for number in range(3):
        await queue.put(number)


async def idle_workers(scene):
    """All work is done: workers wait for more, which the next client will bring."""
    queue = asyncio.Queue(5)
    tasks = [asyncio.ensure_future(ended_well(queue))]
    tasks += [asyncio.ensure_future(drink(scene, queue)) for _ in range(3)]
    await asyncio.gather(*tasks)


async def consumers_left(scene):
    """One consumer has failed, another is slow: between get() and task_done() it has the item."""
    queue = asyncio.Queue(1)
    failed = asyncio.ensure_future(drink(scene, queue, True))
    producers = [asyncio.ensure_future(feed(queue, False)) for _ in range(3)]
    while not all(one.done() for one in producers):
        await queue.get()
        await asyncio.sleep(PAUSE)
        queue.task_done()
        scene.step()
    return failed


async def restart(scene):
    """The consumer is made anew some time after it has failed."""
    queue = asyncio.Queue(2)
    producers = [asyncio.ensure_future(feed(queue, False)) for _ in range(2)]
    while not all(one.done() for one in producers):
        consumer = asyncio.ensure_future(drink(scene, queue, True))
        await asyncio.wait([consumer])
        await asyncio.sleep(PAUSE)


class Pump:
    """It is asked for more by a timer, whatever a failed task was to do."""

    def __init__(self):
        self.more = asyncio.Condition()
        self.tasks = []

    async def stir(self, fails=False):
        async with self.more:
            self.more.notify_all()
        if fails:
            await asyncio.sleep(0.01)
            raise Lost("pump")

    def tick(self):
        asyncio.get_running_loop().call_later(PAUSE, self.tick)
        self.tasks[1:] = [asyncio.ensure_future(self.stir())]

    async def wait(self, scene):
        self.tasks.append(asyncio.ensure_future(self.stir(True)))
        self.tick()
        while True:
            async with self.more:
                await self.more.wait()
            scene.step()


class Worker:
    """A failed task of many that set the same event: the next request sets it again."""

    def __init__(self):
        self.wake = asyncio.Event()
        self.failed = []

    async def request(self, number):
        self.wake.set()
        if number % 4 == 0:
            raise Lost("request %d" % number)

    async def run(self, scene):
        while True:
            await self.wake.wait()
            self.wake.clear()
            scene.step()

    async def serve(self, reader, writer):
        while True:
            number = await reader.readexactly(1)
            task = asyncio.ensure_future(self.request(number[0]))
            self.failed = [one for one in self.failed if one.done()][-5:] + [task]


async def requests(scene):
    worker = Worker()
    running = asyncio.ensure_future(worker.run(scene))
    server = await asyncio.start_server(worker.serve, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    number = 0
    while not running.done():
        number += 1
        writer.write(bytes([number % 256]))
        await asyncio.sleep(PAUSE)


async def main(scene):
    pump = Pump()
    await load.together(
        scene,
        [
            lambda: redial(scene),
            lambda: one_of_two(scene),
            lambda: idle_workers(scene),
            lambda: consumers_left(scene),
            lambda: restart(scene),
            lambda: pump.wait(scene),
            lambda: requests(scene),
        ],
    )


load.run(__file__, main)
