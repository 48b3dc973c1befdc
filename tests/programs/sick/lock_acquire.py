"""Two locks in either order, taken by acquire() and given back in a finally."""

import asyncio

import service


class Seat:
    def __init__(self):
        self.lock = asyncio.Lock()


async def swap(one, other):
    await one.lock.acquire()
    try:
        await asyncio.sleep(0.02)
        await other.lock.acquire()  # place: waits
        try:
            await asyncio.sleep(0.01)
        finally:
            other.lock.release()
    finally:
        one.lock.release()


async def serve(seats):
    await swap(*seats)


async def main(scene):
    await scene.begin()
    seats = [Seat(), Seat()]
    # The mistake: the other order.
    others = seats if scene.healthy else seats[::-1]
    one = scene.spawn(service.repeat, scene, serve, seats)
    two = scene.spawn(service.repeat, scene, serve, others)
    scene.expect(
        "deadlock",
        "likely",
        tasks=(one, two),
        objects=[seat.lock for seat in seats],
        places=[scene.place("waits", one), scene.place("waits", two)],
    )
    scene.ready_when(
        lambda: service.stuck_at(one, seats[1].lock) and service.stuck_at(two, seats[0].lock)
    )
    await service.forever()


service.run(__file__, main)
