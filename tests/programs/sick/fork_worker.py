"""A forked worker wants a lock, that names no owner, which a thread of its parent had.

The worker is what is looked at. Its parent waits for it.
"""

import asyncio
import json
import os
import sys
import threading
import time
import warnings

import service

# Python 3.12+ warns about just this.
warnings.simplefilter("ignore", DeprecationWarning)


class Log:
    def __init__(self):
        self.lock = threading.Lock()

    def flush(self, begun, seconds):
        with self.lock:
            begun.set()
            time.sleep(seconds)

    def write(self, line):
        with self.lock:  # place: waits
            return len(line)


def work(log, scene):
    """In the child, which has no thread but this one: nothing else could print the truth."""
    verdicts = [] if scene.healthy else scene.truth_of_worker(log)
    truth = {"pid": os.getpid(), "ready": True, "program": scene.name, "verdicts": verdicts}
    print(json.dumps(dict(truth, also=[], steps=[])), flush=True)
    while True:
        log.write("a line")
        time.sleep(0.01)


class Worker(service.Scene):
    def truth_of_worker(self, log):
        self.expect(
            "never-released",
            "likely",
            objects=[log.lock],
            places=[self.place("waits")],
            in_core=None,
        )
        return self._verdicts


async def main(log, scene):
    """The service, which has a thread at work when it forks."""
    begun = threading.Event()
    # The mistake: it forks while a thread is at work.
    thread = threading.Thread(target=log.flush, args=[begun, 0 if scene.healthy else 0.5])
    thread.start()
    begun.wait()
    if scene.healthy:
        thread.join()
    pid = os.fork()
    if not pid:
        work(log, scene)
    thread.join()
    await asyncio.get_running_loop().run_in_executor(None, os.waitpid, pid, 0)


if __name__ == "__main__":
    scene = Worker(os.path.abspath(__file__), service.arguments())
    asyncio.run(main(Log(), scene))
    sys.exit(service.STATE_NOT_REACHED)
