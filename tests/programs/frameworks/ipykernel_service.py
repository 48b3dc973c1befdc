"""A notebook's kernel, whose cell awaits or blocks. The client is this program once more."""
import os
import subprocess
import sys
import tempfile

import inflight

CELL = """
import asyncio
import inflight

async def load():
    inflight.arrived("cell")
    await asyncio.sleep(3600)

def legacy_report():
    inflight.hold()

background = asyncio.ensure_future(load())
await asyncio.sleep(0.3)
await inflight.in_flight("cell")
if inflight.options.block == "handler":
    legacy_report()
await load()
"""


def run_client(path):
    from jupyter_client import BlockingKernelClient

    client = BlockingKernelClient(connection_file=path)
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=inflight.SECONDS)
    client.execute(CELL)
    client.get_shell_msg(timeout=inflight.LIFETIME)


def run_kernel():
    path = tempfile.mkdtemp() + "/kernel.json"
    # What a kernel says when it starts is for those who start it by hand.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(["-f", path])
    with subprocess.Popen([sys.executable, __file__, "--client", path]):
        app.start()


if "--client" in sys.argv:
    run_client(sys.argv[sys.argv.index("--client") + 1])
else:
    run_kernel()
