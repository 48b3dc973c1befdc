"""The main task has ended, and a thread that is no daemon still waits for work."""

import asyncio
import queue
import threading

import service


class Sender:
    def __init__(self):
        self.lines = queue.Queue()
        self.thread = threading.Thread(target=self.run, name="sender")
        self.thread.start()

    def run(self):
        while self.lines.get():  # place: waits
            pass


async def main(scene):
    await scene.begin()
    sender = Sender()
    await asyncio.sleep(0.2)
    scene.expect("stuck-at-exit", "likely", places=[scene.place("waits")])
    main_thread = threading.main_thread()
    scene.ready_when(lambda: service.thread_in(main_thread, "_shutdown"))
    # The mistake: nobody tells the thread that it is over. The twin has not come to that.
    if scene.healthy:
        scene.spawn(service.repeat, scene, asyncio.sleep, 0.01)
        await service.forever()
        sender.lines.put(None)
    await scene.load.end()


service.run(__file__, main)
