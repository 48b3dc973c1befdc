"""Servers of several processes: whoever takes the supervisor's id is told where to look."""

import os
import re
import signal
import subprocess
import time

import pytest
import services
from place import Absent
from program import by_pid

pytestmark = [pytest.mark.usefixtures("library"), pytest.mark.optional]

SECONDS = 30
APP = """
async def asgi(scope, receive, send):
    assert scope["type"] == "http"

def wsgi(environment, start):
    start("200 OK", [])
    return []
"""
SERVERS = {
    "uvicorn": ["-m", "uvicorn", "--workers=2", "--lifespan=off", "--uds=socket", "app:asgi"],
    "gunicorn": ["-m", "gunicorn", "--workers=2", "--bind=unix:socket", "app:wsgi"],
}
# Gunicorn 26 has a loop of its own in the supervisor, for those who control it: then that is shown.
CONTROL = "--no-control-socket"


@pytest.fixture(scope="module", params=services.RELEASES)
def root(request):
    try:
        found = services.Frameworks(request.param)
    except Absent as reason:
        pytest.skip(str(reason))
    yield found
    found.close()


class Server:
    """A supervisor, with two workers and whatever else it has started."""

    def __init__(self, root, name):
        inner = root.folder("server-" + name)
        with open(root.outer(inner) + "/app.py", "w") as file:
            file.write(APP)
        command = [services.PYTHON, "-B"] + SERVERS[name]
        config = root.path + "/usr/lib/python3/dist-packages/gunicorn/config.py"
        if name == "gunicorn" and CONTROL in open(config).read():
            command.append(CONTROL)
        self._process = subprocess.Popen(
            root.command(command, inner),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def children(self):
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid)) as file:
            return sorted(int(pid) for pid in file.read().split())


def ask(command):
    return by_pid(command).output


@pytest.mark.parametrize("name", SERVERS)
def test_supervisor_names_its_workers(root, name):
    if name == "gunicorn" and not root.has("gunicorn"):
        pytest.skip("no gunicorn (scripts/make-frameworks installs it)")
    with Server(root, name) as server:
        deadline = time.monotonic() + SECONDS
        children, named, output = [], [], ""
        # What multiprocessing has started for itself is none that is meant.
        while time.monotonic() < deadline and len(named) < 2:
            time.sleep(1)
            children = server.children()
            output = ask("asyncio pstree %d" % server.pid)
            found = re.search(r"\d child processes run Python: ([\d, ]+): asyncio ps \d+", output)
            named = [int(pid) for pid in found.group(1).split(", ")] if found else []
        assert len(named) == 2 and set(named) <= set(children), output
        if name == "uvicorn":
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline and "(T)" not in output:
                output = ask("asyncio pstree %d" % named[-1])
            assert "Server.serve" in output, output
