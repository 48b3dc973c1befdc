"""Subclasses of asyncio.Task, with and without attributes and slots of their own."""
import asyncio

import report


class Plain(asyncio.Task):
    pass


class WithAttributes(asyncio.Task):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.label = "a label"
        self.started = 12345


class WithSlots(asyncio.Task):
    __slots__ = ("label", "other")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.label = "a label"


class Mixin:
    extra = "of the class"


class Derived(Mixin, WithAttributes):
    pass


async def rest():
    await asyncio.sleep(3600)


async def awaits(task):
    await task


async def main():
    loop = asyncio.get_running_loop()
    inner = [
        cls(rest(), loop=loop, name=cls.__name__.lower())
        for cls in (Plain, WithAttributes, WithSlots, Derived)
    ]
    outer = [
        cls(awaits(task), loop=loop, name=task.get_name() + "-awaiter")
        for cls, task in zip((Derived, Plain, WithAttributes, WithSlots), inner)
    ]
    unnamed = Plain(rest(), loop=loop)
    report.ready()
    await asyncio.wait(outer + [unnamed])


asyncio.run(main())
