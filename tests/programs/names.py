"""Names that are hard to print, some of them meant to harm a terminal or a tree."""
import asyncio
import types

import report


async def rest():
    await asyncio.sleep(3600)


class Größe:
    async def żółw日本(self):
        await rest()


def disguised():
    """The function rest(), said to come from a file whose name is meant to harm a terminal."""
    code = rest.__code__.replace(co_name="\x1b[2Jrest\n", co_filename="/a\nb/\x1b[7m\u202eyp.py")
    if hasattr(code, "co_qualname"):
        code = code.replace(co_qualname="\x1b[2Jrest\n")
    return types.FunctionType(code, globals())


NAMES = {
    "latin-1": "Größe",
    "two-byte": "żółw 日本",
    "four-byte": "🎵 tune",
    "lone-surrogate": "half \ud83c pair",
    "escape-codes": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J",
    "newlines": "first\nsecond\r\nthird\tfourth\x0b\x0c\x85\u2028\u2029",
    "bidi": "ends \u202egnp.exe\u202c \u2067\u2066",
    "zero-width": "a\u200bb\u2060c\ufeff d\u0301",
    "zero-bytes": "\x00before\x00after\x7f",
    "empty": "",
    "blank": "   ",
    "quotes": 'it\'s "quoted" \\ back\\slash',
    "looks-like-tree": "x\n└── (T) y",
    "megabyte": "long " * 200000,
    "megabyte-wide": "日" * 350000,
    "number": "12345",
    "default-like": "Task-1",
}


async def main():
    tasks = [asyncio.create_task(rest(), name=name) for name in NAMES.values()]
    tasks.append(asyncio.create_task(Größe().żółw日本(), name="function-name"))
    tasks.append(asyncio.create_task(disguised()(), name="disguised"))
    # A default name stays an int inside until somebody asks for it (3.12+).
    tasks += [asyncio.create_task(rest()), asyncio.create_task(rest())]
    tasks[-1].get_name()
    report.ready()
    await asyncio.sleep(3600)


asyncio.run(main())
