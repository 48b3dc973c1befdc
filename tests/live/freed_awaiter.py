"""A program with a task that is freed while another still knows it, run by test_damaged_cores.py.

As a C extension does that drops one reference too many. With PYTHONMALLOC=debug, or in a debug
build, what was the task is filled with 0xdd.
"""
import asyncio
import ctypes
import gc
import os

drop_reference = ctypes.pythonapi.Py_DecRef
drop_reference.argtypes = [ctypes.c_void_p]
drop_reference.restype = None


async def child():
    await asyncio.sleep(1_000_000)


async def parent(task):
    await task


async def main():
    # It would look at what is freed.
    gc.disable()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    task = asyncio.create_task(child(), name="child")
    others = [asyncio.create_task(parent(task), name="other %d" % i) for i in range(5)]
    freed = asyncio.create_task(parent(task), name="freed")
    # Made before: a later one might get the memory.
    waiting = asyncio.gather(*others)
    await asyncio.sleep(0.1)
    address = id(freed)
    references = ctypes.c_uint32.from_address(address)
    while references.value != 0xDDDDDDDD:
        drop_reference(address)
    with open("freed", "w", encoding="ascii") as file:
        file.write("%#x" % address)
    print("READY", os.getpid(), flush=True)
    await waiting


asyncio.run(main())
