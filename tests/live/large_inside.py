"""Run inside GDB by test_large.py: what each command costs, as JSON, in a file."""

import json
import time

import aiodbg
import gdb
import gdb_target


def measure(commands, folder):
    """commands: for each file that is written into the folder, what writes it."""
    seconds = {}
    for name, command in commands.items():
        start = time.process_time()
        gdb.execute("asyncio %s --output %s/%s" % (command, folder, name))
        seconds[name] = time.process_time() - start
    with aiodbg.load_library().open(gdb_target.selected_target()) as handle:
        handle.snapshot().close()
        reads = handle.stats()["bytes"]
    with open(folder + "/cost", "w") as file:
        json.dump({"seconds": seconds, "read": reads}, file)
