# SPDX-License-Identifier: MIT
"""The functions of the library."""

import aiodbg
import pytest
from aiodbg import library as functions
from aiodbg import mirror
from targets import ListSink, MemoryTarget


def test_table_is_complete(library):
    commands = library.commands()
    assert len({command.name for command in commands}) == len(commands) > 0
    for command in [*commands, library.prefix()]:
        assert command.summary.endswith(".") and "\n" not in command.summary
        assert command.help == "" or command.help.endswith("\n")


def test_help_of_each_command(library):
    for command in library.commands():
        sink = ListSink()
        library.run_command(None, [command.name, "--help"], sink)
        sink.close()
        assert command.help in "".join(sink.texts)


def test_unknown_command(library):
    with pytest.raises(aiodbg.Error) as caught:
        library.run_command(None, ["nonsense"], ListSink())
    assert caught.value.status == aiodbg.Status.USAGE
    assert "nonsense" in str(caught.value)


def test_arguments_that_are_no_text(library):
    with pytest.raises(aiodbg.Error):
        library.run_command(None, ["nonsense\udcff"], ListSink())


def test_command_without_a_target(library):
    name = library.commands()[0].name
    with pytest.raises(aiodbg.Error) as caught:
        library.run_command(None, [name], ListSink())
    assert caught.value.status == aiodbg.Status.INVALID


def test_complete(library):
    name = library.commands()[0].name
    assert "--help" in library.complete(name, [""])
    assert library.complete(name, ["--hel"]) == ["--help"]
    assert library.complete(name, ["--nonsense"]) == []


def test_options_reach_the_library(library):
    with pytest.raises(aiodbg.Error) as caught:
        library.open(MemoryTarget(), block_size=17)
    assert caught.value.status in (aiodbg.Status.INVALID, aiodbg.Status.NOT_FOUND)


def test_error_carries_its_address(library):
    error = mirror.CError(code=4, has_address=1, address=0x1234, message=b"task at 0x1234: x")
    with pytest.raises(aiodbg.Error) as caught:
        functions._check(4, error)
    assert (caught.value.status, caught.value.address) == (aiodbg.Status.FAULT, 0x1234)
    assert str(caught.value) == "task at 0x1234: x"
