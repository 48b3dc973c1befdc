"""A forked child wants a lock that a thread of its parent had: the child has no such thread."""

import asyncio
import os
import signal
import threading
import time
import warnings

import service

# Python 3.12+ warns about just this.
warnings.simplefilter("ignore", DeprecationWarning)


class Settings:
    def __init__(self):
        self.lock = threading.RLock()

    def reload(self, seconds):
        with self.lock:
            time.sleep(seconds)

    def read(self):
        with self.lock:  # place: waits
            time.sleep(0.001)


async def handle(settings):
    await asyncio.get_running_loop().run_in_executor(None, settings.read)  # place: awaits


async def main(scene, settings):
    await scene.begin()
    tasks = [
        scene.spawn(service.repeat, scene, handle, settings)
        for _ in range(scene.random.randint(1, 3))
    ]
    scene.expect(
        "never-released",
        "certain",
        tasks=tasks,
        objects=[settings.lock],
        places=[scene.place("waits"), scene.place("awaits", tasks[0])],
    )
    place = scene.place("waits")
    scene.ready_when(
        lambda: all(map(service.waits, tasks))
        and any(service.thread_at(thread, place) for thread in threading.enumerate())
    )
    await service.forever()


def start():
    settings = Settings()
    # The mistake: it forks while a thread is at work.
    healthy = service.arguments().healthy
    thread = threading.Thread(target=settings.reload, args=[0 if healthy else 0.5])
    thread.start()
    if healthy:
        thread.join()
    time.sleep(0.1)
    signal.alarm(service.SECONDS)
    child = os.fork()
    if child:
        os._exit(wait(child))
    asyncio.run(main(service.scene(__file__), settings))


def wait(child):
    status = os.waitpid(child, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1


start()
