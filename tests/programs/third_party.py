"""A task class that owes nothing to asyncio.Task, registered as such classes have to be."""
import asyncio
import asyncio.tasks

import report


class Stepper(asyncio.Future):
    """Drives a coroutine; the least that all_tasks() and current_task() want of a task."""

    def __init__(self, coro, loop, name):
        super().__init__(loop=loop)
        self._coro = coro
        self._name = name
        asyncio.tasks._register_task(self)
        loop.call_soon(self.step)

    def get_coro(self):
        return self._coro

    def get_name(self):
        return self._name

    def set_name(self, name):
        self._name = name

    def step(self, _future=None):
        asyncio.tasks._enter_task(self.get_loop(), self)
        try:
            future = self._coro.send(None)
            future._asyncio_future_blocking = False
            future.add_done_callback(self.step)
        except StopIteration as stop:
            self.set_result(stop.value)
        finally:
            asyncio.tasks._leave_task(self.get_loop(), self)


async def rest():
    await asyncio.sleep(3600)


async def awaits(future):
    await future


async def main():
    loop = asyncio.get_running_loop()
    stepper = Stepper(rest(), loop, "stepper")
    tasks = [
        stepper,
        Stepper(awaits(asyncio.create_task(rest(), name="inner")), loop, "stepper-awaits"),
        asyncio.create_task(awaits(stepper), name="awaits-stepper"),
    ]
    report.ready()
    await asyncio.sleep(3600)
    return tasks


asyncio.run(main())
