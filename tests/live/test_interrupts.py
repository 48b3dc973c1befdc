# SPDX-License-Identifier: MIT
"""Ctrl-C while patterns are compared with names that were made to be dear."""

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time

import debugger
import pytest
from place import CHECKOUT
from program import PROGRAM

TASKS = """
import asyncio

async def main():
    name = "a" * 65000
    tasks = [asyncio.create_task(asyncio.sleep(3600), name=name) for i in range(6000)]
    await asyncio.sleep(0.2)
    print("ready", flush=True)
    await asyncio.gather(*tasks)

asyncio.run(main())
"""
# Each fits no name, and nearly fits it everywhere.
FILTERS = " ".join("--without name=*a?[!%s]a%s*[b]*" % (letter, "?a" * 60) for letter in "bcdefgh")
SECONDS = 30
# From Ctrl-C to the prompt. Without asking, seven patterns would take ten times as long.
PROMPT_SECONDS = 5


@pytest.fixture(scope="module")
def pid():
    with subprocess.Popen([sys.executable, "-c", TASKS], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process.pid
        finally:
            process.kill()


class Terminal:
    """A debugger in a terminal of its own."""

    def __init__(self, command):
        self.text = ""
        self.process, self._file = pty.fork()
        if not self.process:
            os.environ.update(TERM="dumb", LC_ALL="C.UTF-8")
            os.execvp(command[0], command)

    def wait_for(self, wanted, seconds=SECONDS):
        """What came up to there."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            left = deadline - time.monotonic()
            assert left > 0, "no %r in %r" % (wanted, self.text[-500:])
            if select.select([self._file], [], [], left)[0]:
                self.text += os.read(self._file, 65536).decode(errors="replace")
        before, _, self.text = self.text.partition(wanted)
        return before

    def forget(self, seconds):
        """What comes meanwhile."""
        deadline = time.monotonic() + seconds
        while select.select([self._file], [], [], max(0, deadline - time.monotonic()))[0]:
            os.read(self._file, 65536)
        self.text = ""

    def type(self, text):
        os.write(self._file, text.encode())

    def close(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self._file)


DEBUGGERS = {
    "gdb": (["gdb", "-q", "-nx", "-x", debugger.SCRIPT], "(gdb) "),
    "lldb": (
        ["lldb-19", "-x", "-X", "-o", "command script import %s/lldb/aiodbg_lldb.py" % CHECKOUT],
        "(lldb) ",
    ),
}


@pytest.mark.parametrize("name", DEBUGGERS)
def test_ctrl_c(name, pid):
    command, prompt = DEBUGGERS[name]
    if not shutil.which(command[0]):
        pytest.skip("no " + command[0])
    terminal = Terminal(command)
    try:
        terminal.wait_for(prompt)
        terminal.type("asyncio ps --pid %d %s\n" % (pid, FILTERS))
        terminal.forget(2)
        terminal.type("\x03")
        pressed = time.monotonic()
        said = terminal.wait_for(prompt, PROMPT_SECONDS)
        assert "interrupted" in said or "Quit" in said, said
        assert "left out" not in said.lower()
        assert time.monotonic() - pressed < PROMPT_SECONDS
        # It is as good as new.
        terminal.type("asyncio ps --pid %d --with state=running\n" % os.getpid())
        terminal.wait_for("No asyncio tasks")
    finally:
        terminal.close()


def test_program(pid):
    words = [PROGRAM, "ps", str(pid), *FILTERS.split()]

    def heed_signals():
        """What runs in the background of a script has been told to ignore it."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(words, stdout=subprocess.PIPE, preexec_fn=heed_signals) as process:
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(PROMPT_SECONDS) == -signal.SIGINT
