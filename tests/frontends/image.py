# SPDX-License-Identifier: MIT
"""A recorded image (tests/images) as a target, so that no debugger is needed."""

import bisect
import gzip
import os
import struct

import aiodbg

IMAGES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "images")
NAMES = sorted(name for name in os.listdir(IMAGES) if os.path.isdir(os.path.join(IMAGES, name)))


def path_of(name, file):
    return os.path.join(IMAGES, name, file)


class ImageTarget(aiodbg.Target):
    def __init__(self, name):
        self.places = {}
        for key, value in self._manifest(name):
            if key in ("word_size", "pid"):
                setattr(self, key, int(value))
            elif key == "byte_order":
                self.byte_order = aiodbg.ByteOrder[value.upper() + "_ENDIAN"]
            elif key == "kind":
                self.kind = aiodbg.TargetKind["TARGET_" + value.upper()]
            elif key in ("symbol", "section"):
                symbol, _, *numbers = value.split()
                numbers = [int(number, 16) for number in numbers]
                self.places.setdefault((key, symbol), []).append(numbers)
        self.records = []
        with gzip.open(path_of(name, "memory.gz")) as memory:
            while True:
                head = memory.read(16)
                if not head:
                    break
                start, length = struct.unpack("<QQ", head)
                self.records.append((start, memory.read(length)))
        self._starts = [start for start, _ in self.records]

    def _manifest(self, name):
        with open(path_of(name, "MANIFEST"), encoding="utf-8") as file:
            for line in file:
                key, _, value = line.rstrip("\n").partition(": ")
                yield key, value

    def read(self, address, length):
        index = bisect.bisect_right(self._starts, address) - 1
        start, data = self.records[max(index, 0)]
        offset = address - start
        if offset < 0 or offset + length > len(data):
            raise aiodbg.MemoryFault()
        return data[offset : offset + length]

    def symbols(self, name):
        return [address for address, in self.places.get(("symbol", name), [])]

    def sections(self, name):
        return [tuple(place) for place in self.places.get(("section", name), [])]

    def regions(self):
        return [aiodbg.Region(start, start + len(data), True) for start, data in self.records]
