"""Tasks of two loops: each holds a lock while it asks the other loop for what needs the other lock."""

import asyncio
import threading

import service


class Half:
    """What one loop has."""

    def __init__(self, loop):
        self.loop = loop
        self.lock = asyncio.Lock()
        self.users = set()

    async def use(self):
        self.users.add(asyncio.current_task())
        async with self.lock:  # place: asked
            pass

    async def ask(self, other):
        asked = asyncio.run_coroutine_threadsafe(other.use(), other.loop)
        await asyncio.wrap_future(asked)  # place: asks


async def move(own, other, healthy):
    async with own.lock:  # place: holds
        await asyncio.sleep(0.1)
        # The mistake: the lock is held until the other loop has answered.
        if not healthy:
            await own.ask(other)
    await own.ask(other)


def start_loop(name):
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name=name, daemon=True).start()
    return loop


async def make(loop):
    return Half(loop)


async def main(scene):
    await scene.begin()
    loop = asyncio.get_running_loop()
    here = Half(loop)
    elsewhere = start_loop("ledger")
    there = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(elsewhere), elsewhere))
    task = scene.spawn(service.repeat, scene, lambda: move(here, there, scene.healthy))
    asyncio.run_coroutine_threadsafe(
        service.repeat(scene, lambda: move(there, here, scene.healthy)), elsewhere
    )
    await scene.until(lambda: scene.healthy or (here.users and there.users))
    scene.expect(
        "deadlock",
        "certain",
        tasks=[task],
        objects=[here.lock, there.lock],
        places=[scene.place("asks", task), scene.place("holds", task)],
        behind=list(here.users) + list(there.users) + list(asyncio.all_tasks(elsewhere)),
    )
    scene.ready_when(lambda: service.waits(task) and here.lock.locked() and there.lock.locked())
    await service.forever()


service.run(__file__, main)
