"""A callback of call_later() never returns; no task runs."""

import asyncio
import select
import socket
import threading

import background
import service


class Beacon:
    """Tells somebody else now and then that we are alive."""

    def __init__(self, scene):
        self.scene = scene
        self.loop = asyncio.get_running_loop()
        self.ours, self.theirs = socket.socketpair()
        self.loop.call_later(0.1, self.beat)

    def exchange(self):
        # The mistake: it waits for an answer.
        wait = 0 if self.scene.healthy else None
        select.select([self.ours], [], [], wait)  # place: waits

    def beat(self):
        self.ours.send(b".")
        background.deep_call(self.scene.random, self.exchange)
        self.scene.step()
        self.loop.call_later(0.1, self.beat)


async def main(scene):
    await scene.begin()
    beacon = Beacon(scene)
    scene.expect("loop-blocked", "certain", places=[scene.place("waits")])
    place, thread = scene.place("waits"), threading.main_thread()
    scene.ready_when(lambda: service.thread_at(thread, place), service.SETTLE_BLOCKED)
    await service.forever()
    beacon.ours.close()


service.run(__file__, main)
