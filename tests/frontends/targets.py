# SPDX-License-Identifier: MIT
"""A sink and a target for tests."""

import aiodbg


class ListSink(aiodbg.Sink):
    """Keeps what it is given."""

    def __init__(self, unicode=True):
        self.texts = []
        self.lines = []
        super().__init__(self.texts.append, self.lines.append, unicode)


class MemoryTarget(aiodbg.Target):
    """Memory of zero bytes with some places in it."""

    def __init__(self, memory=b"", base=0x1000):
        self.memory = memory
        self.base = base

    def read(self, address, length):
        start = address - self.base
        if start < 0 or start + length > len(self.memory):
            raise aiodbg.MemoryFault()
        return memoryview(bytearray(self.memory[start : start + length])).cast("c")
