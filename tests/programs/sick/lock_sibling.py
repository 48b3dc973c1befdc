"""Two locks in either order in a task group, where a sibling's failure would end it."""

import asyncio
import socket

import service


class Region:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def copy(self, other):
        async with self.lock:
            await asyncio.sleep(0.02)
            async with other.lock:  # place: waits
                await asyncio.sleep(0.02)


async def listen(own):
    """May fail at any time, as far as anybody can tell."""
    line = await asyncio.get_running_loop().sock_recv(own, 100)
    raise ConnectionError(line)


async def replicate(scene, own, pairs, ret):
    watcher = None
    if hasattr(asyncio, "TaskGroup"):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.copy(other)) for one, other in pairs]
            watcher = group.create_task(listen(own))
            ret[:] = tasks + [watcher]
            if scene.healthy:
                await asyncio.wait(tasks)
                watcher.cancel()
    else:
        tasks = [asyncio.ensure_future(one.copy(other)) for one, other in pairs]
        ret[:] = tasks
        await asyncio.gather(*tasks)


async def main(scene):
    await scene.begin()
    pair = socket.socketpair()
    pair[0].setblocking(False)
    left, right = Region(), Region()
    # The mistake: the other order.
    pairs = [(left, right), (left, right) if scene.healthy else (right, left)]
    children = []
    parent = scene.spawn(service.repeat, scene, replicate, scene, pair[0], pairs, children)
    await scene.until(lambda: children)
    names = [scene.task_name() for _ in range(3)]
    if not scene.healthy:
        for child, name in zip(children, names):
            child.set_name(name)
    scene.expect(
        "deadlock",
        "certain",
        tasks=children[:2],
        objects=(left.lock, right.lock),
        places=[scene.place("waits", task) for task in children[:2]],
        behind=[parent],
        unless=children[2:],
    )
    scene.ready_when(
        lambda: service.stuck_at(children[0], right.lock)
        and service.stuck_at(children[1], left.lock)
        and service.waits(parent)
    )
    await service.forever()


service.run(__file__, main)
