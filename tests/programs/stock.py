# SPDX-License-Identifier: MIT
"""A shop that hangs: one request takes the lock of the stock and then that of the orders, another
one takes them the other way round, and all that follow queue up behind the two."""

import asyncio
import os


class Stock:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.items = {}

    async def count(self, item):
        async with self.lock:
            return self.items.get(item, 0)

    async def return_item(self, item, orders):
        async with self.lock:
            await asyncio.sleep(0.01)
            await orders.cancel(item)
            self.items[item] = self.items.get(item, 0) + 1


class Orders:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.open = []

    async def cancel(self, item):
        async with self.lock:
            self.open.remove(item)

    async def place(self, item, stock):
        async with self.lock:
            await asyncio.sleep(0.01)
            if await stock.count(item):
                self.open.append(item)


async def probe(stopped):
    while not stopped.is_set():
        await asyncio.sleep(30)


async def print_labels(queue):
    while True:
        await queue.get()


async def main():
    stock, orders, labels, stopped = Stock(), Orders(), asyncio.Queue(), asyncio.Event()
    work = [print_labels(labels) for _ in range(3)]
    work += [probe(stopped) for _ in range(7)]
    work += [stopped.wait()]
    tasks = [asyncio.create_task(coroutine) for coroutine in work]
    number = 4700

    def request(coroutine):
        nonlocal number
        number += 1
        tasks.append(asyncio.create_task(coroutine, name=f"req-{number}"))

    request(stock.return_item("lamp", orders))
    request(orders.place("lamp", stock))
    await asyncio.sleep(0.1)
    for _ in range(211):
        request(stock.count("chair"))
    for _ in range(77):
        request(orders.place("table", stock))
    await asyncio.sleep(0.1)
    print("READY", os.getpid(), flush=True)
    await asyncio.gather(*tasks)


asyncio.run(main())
