"""A dozen tasks and more queue for a lock whose holder waits for somebody outside."""

import asyncio
import socket

import service


class Directory:
    def __init__(self, scene):
        self.healthy = scene.healthy
        self.lock = asyncio.Lock()
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)

    async def refresh(self):
        async with self.lock:  # place: holds
            # The mistake: no deadline for an answer that does not come.
            if self.healthy:
                self.theirs.send(b"answer")
            await asyncio.get_running_loop().sock_recv(self.ours, 100)

    async def look_up(self):
        async with self.lock:  # place: waits
            pass


async def main(scene):
    await scene.begin()
    directory = Directory(scene)
    holder = scene.spawn(service.repeat, scene, directory.refresh)
    await asyncio.sleep(0.02)
    behind = [
        scene.spawn(service.repeat, scene, directory.look_up)
        for _ in range(scene.random.randint(12, 60))
    ]
    scene.expect(
        "convoy",
        "likely",
        tasks=[holder],
        objects=[directory.lock],
        places=[scene.place("holds", holder)],
        behind=behind,
    )
    scene.ready_when(
        lambda: service.waits(holder)
        and all(service.stuck_at(task, directory.lock) for task in behind)
    )
    await service.forever()


service.run(__file__, main)
