# SPDX-License-Identifier: MIT
"""Convenience functions: asyncio tasks in GDB's expressions, and so in conditions of breakpoints.

Each call takes a snapshot of its own: GDB may have moved on since the last.
"""

import inspect

import aiodbg
import gdb


def register():
    TaskAddress()
    TaskCount()


class Function(gdb.Function):
    """A function whose errors are one line."""

    def __init__(self, name):
        # Not all versions take the indentation away.
        self.__doc__ = inspect.cleandoc(self.__doc__)
        super().__init__(name)

    def invoke(self, *arguments):
        try:
            with aiodbg.snapshot() as snapshot:
                return self.answer(snapshot, *arguments)
        except (aiodbg.Error, aiodbg.NoTarget) as error:
            raise gdb.GdbError(aiodbg.displayable(str(error), self.charset())) from None

    @staticmethod
    def charset():
        return aiodbg.charset_name(gdb.host_charset())


class TaskAddress(Function):
    """$_asyncio_task - return the address of an asyncio task.

    Usage: $_asyncio_task ("NAME")
           $_asyncio_task (ID)

    The task is named by what `asyncio ps' shows: its id, or its name if no other task
    has that.  Returns a pointer to its Task object, of type void *."""

    def __init__(self):
        super().__init__("_asyncio_task")

    def answer(self, snapshot, task):
        return gdb.Value(snapshot.task(_text_or_number(task)).id).cast(_pointer_type())


class TaskCount(Function):
    """$_asyncio_count - return the number of pending asyncio tasks.

    Usage: $_asyncio_count ()

    Running tasks are counted, finished and cancelled ones are not."""

    def __init__(self):
        super().__init__("_asyncio_count")

    def answer(self, snapshot):
        return snapshot.pending_count


def _text_or_number(value):
    """The text or the number that a user has put between the brackets."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_PTR and kind.target().code == gdb.TYPE_CODE_VOID:
        return int(value)
    if kind.code == gdb.TYPE_CODE_INT:
        return int(value)
    return value.string(errors="surrogateescape")


def _pointer_type():
    try:
        return gdb.lookup_type("void").pointer()
    except gdb.error:
        # Not every language has it.
        architecture = gdb.selected_inferior().architecture()
        return architecture.integer_type(8 * architecture.integer_type(8).pointer().sizeof, False)
