"""Two handlers of an aiohttp server take two locks in either order."""

import asyncio

import service

try:
    import aiohttp
    from aiohttp import web
except ImportError:
    service.missing("aiohttp")

PACKAGES = ("aiohttp",)


class Shop:
    def __init__(self, scene):
        self.stock = asyncio.Lock()
        self.orders = asyncio.Lock()
        self.handlers = {}
        # The mistake: who cancels an order begins with the order.
        self.second = self.buy if scene.healthy else self.cancel

    async def buy(self, request):
        self.handlers["buy"] = asyncio.current_task()
        async with self.stock:  # place: buy holds
            await asyncio.sleep(0.05)
            async with self.orders:  # place: buy waits
                return web.Response(text="bought")

    async def cancel(self, request):
        self.handlers["cancel"] = asyncio.current_task()
        async with self.orders:  # place: cancel holds
            await asyncio.sleep(0.05)
            async with self.stock:  # place: cancel waits
                return web.Response(text="cancelled")


async def start(shop):
    app = web.Application()
    app.router.add_get("/buy", shop.buy)
    app.router.add_get("/cancel", shop.second)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, "http://127.0.0.1:%d" % site._server.sockets[0].getsockname()[1]


async def call(session, url):
    async with session.get(url) as response:
        await response.text()


async def main(scene):
    await scene.begin()
    shop = Shop(scene)
    runner, url = await start(shop)
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
    clients = [
        scene.spawn(service.repeat, scene, call, session, url + path)
        for path in ("/buy", "/cancel")
    ]
    await scene.until(lambda: len(shop.handlers) == 2)
    handlers = list(shop.handlers.values())
    scene.expect(
        "deadlock",
        "certain",
        tasks=handlers,
        objects=(shop.stock, shop.orders),
        places=[scene.place("buy waits"), scene.place("cancel waits")],
        behind=clients,
    )
    scene.ready_when(
        lambda: service.stuck_at(shop.handlers["buy"], shop.orders)
        and service.stuck_at(shop.handlers["cancel"], shop.stock)
    )
    await service.forever()
    await runner.cleanup()


service.run(__file__, main)
