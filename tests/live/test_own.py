# SPDX-License-Identifier: MIT
"""Which frames are a program's own, however it was installed: as its process says, and never this machine."""

import contextlib
import json
import re
import subprocess
import sys
import zipapp

import debugger
import pytest
from program import program

HANDLERS = """
import asyncio

async def query():
    await asyncio.sleep(3600)

async def handle(lock):
    async with lock:
        await asyncio.shield(query())
"""
CLI = """
import asyncio
from . import handlers

async def serve():
    lock = asyncio.Lock()
    tasks = [asyncio.create_task(handlers.handle(lock)) for i in range(5)]
    await asyncio.sleep(0.2)
    print("ready", flush=True)
    await asyncio.gather(*tasks)

def main():
    asyncio.run(serve())
"""
# What pip makes for an entry point.
SCRIPT = """
import re
import sys
from shop.cli import main
if __name__ == "__main__":
    sys.argv[0] = re.sub(r"(-script\\.pyw|\\.exe)?$", "", sys.argv[0])
    sys.exit(main())
"""
# A server that is told what to serve.
SERVER = """
import asyncio, importlib, sys

async def run(serve):
    await serve()

def main():
    module, _, name = sys.argv[1].partition(":")
    asyncio.run(run(getattr(importlib.import_module(module), name)))
"""
FINDER = """
import importlib.util, sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "shop":
            folder = %r
            return importlib.util.spec_from_file_location(
                name, folder + "/__init__.py", submodule_search_locations=[folder])

def install():
    sys.meta_path.append(Finder)
"""
# PyInstaller's: all code, that of asyncio too, has paths below one folder, or below none.
FROZEN = """
import importlib.machinery, os, sys

prefix, source = sys.argv[1:]
library = os.path.dirname(os.__file__)

class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        path = self.get_filename(name)
        for root in (library, source):
            if path.startswith(root + "/"):
                name = prefix + path[len(root) + 1 :]
        return compile(open(path).read(), name, "exec", dont_inherit=True)

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
            return spec

for name in list(sys.modules):
    if name.split(".")[0] in ("asyncio", "threading", "selectors", "concurrent"):
        del sys.modules[name]
sys.meta_path.insert(0, Finder)
sys.path.insert(0, source)
sys.frozen, sys._MEIPASS = True, "/tmp/_MEIa1b2c3"
os.__file__ = "/tmp/_MEIa1b2c3/os.pyc"
sys.modules["__main__"].__file__ = prefix + "main.py"
from shop.cli import main
main()
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def package(folder):
    write(folder / "shop" / "__init__.py", "")
    write(folder / "shop" / "handlers.py", HANDLERS)
    write(folder / "shop" / "cli.py", CLI)
    write(folder / "shop" / "__main__.py", "from shop.cli import main; main()")
    return str(folder)


@pytest.fixture
def environment(tmp_path):
    """A virtual environment: its Python, and its folder of packages."""
    folder = tmp_path / "venv"
    command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
        pytest.skip("python3-venv is not installed")
    (packages,) = folder.glob("lib/python*/site-packages")
    return str(folder / "bin" / "python3"), packages


def in_a_folder(tmp_path, environment):
    return [environment[0], "-c", "from shop.cli import main; main()"], package(tmp_path)


def beside_the_environment(tmp_path, environment):
    """Below its folder, and still the program's."""
    return [environment[0], "-m", "shop"], package(tmp_path / "venv" / "app")


def zipped(tmp_path, environment):
    source = package(tmp_path / "source")
    write(tmp_path / "source" / "__main__.py", "from shop.cli import main; main()")
    zipapp.create_archive(source, tmp_path / "app.pyz")
    return [environment[0], str(tmp_path / "app.pyz")], "/"


def by_path_file(tmp_path, environment):
    write(environment[1] / "__editable__.shop.pth", package(tmp_path / "source"))
    return [environment[0], "-m", "shop"], "/"


def by_finder(tmp_path, environment):
    folder = package(tmp_path / "source") + "/shop"
    write(environment[1] / "__editable___shop_finder.py", FINDER % folder)
    line = "import __editable___shop_finder; __editable___shop_finder.install()"
    write(environment[1] / "__editable__.shop.pth", line)
    return [environment[0], "-m", "shop"], "/"


def installed_as_module(tmp_path, environment):
    package(environment[1])
    return [environment[0], "-m", "shop"], "/"


def installed_with_script(tmp_path, environment):
    package(environment[1])
    # Its name is not that of the package.
    return [environment[0], write(tmp_path / "venv" / "bin" / "orders", SCRIPT)], "/"


def installed_and_served(tmp_path, environment):
    package(environment[1])
    write(environment[1] / "server" / "__init__.py", SERVER)
    script = SCRIPT.replace("shop.cli", "server")
    path = write(tmp_path / "venv" / "bin" / "server", script)
    return [environment[0], path, "shop.cli:serve"], "/"


def frozen_below_one_folder(tmp_path, environment):
    path = write(tmp_path / "frozen.py", FROZEN)
    return [environment[0], path, "/tmp/_MEIa1b2c3/", package(tmp_path / "source")], "/"


def frozen_below_none(tmp_path, environment):
    path = write(tmp_path / "frozen.py", FROZEN)
    return [environment[0], path, "", package(tmp_path / "source")], "/"


WAYS = (
    in_a_folder,
    beside_the_environment,
    zipped,
    by_path_file,
    by_finder,
    installed_as_module,
    installed_with_script,
    installed_and_served,
    frozen_below_one_folder,
    frozen_below_none,
)


@contextlib.contextmanager
def running(command, folder):
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def ask(process, line):
    done = program(*line.split(), "--pid", str(process.pid))
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_own_frames(tmp_path, environment, way):
    command, folder = way(tmp_path, environment)
    with running(command, folder) as process:
        groups = ask(process, "ps --group")
        for row in (
            r" 4  pending  .* serve > handle .*handlers.py:8\n",
            r" 1  pending  .* serve > handle > query .*handlers.py:5\n",
        ):
            assert re.search(row, groups), groups
        # Whoever holds it reached it in a frame of the program's.
        assert "(lock)" in groups
        outermost = "<module>" if way is installed_and_served else "main"
        assert " %s " % outermost in ask(process, "threads")
        tree = ask(process, "pstree --compact")
        assert "/site-packages/" not in tree and "/tmp/" not in tree
        document = json.loads(ask(process, "ps --json --waits"))
        own = {f["function"] for t in document["tasks"] for f in t["stack"] if f["own"]}
        assert own == {"serve", "handle", "query"}


def test_more_own_frames(tmp_path, environment):
    """A program beside packages that are as good as its own."""
    package(environment[1])
    main = write(tmp_path / "main.py", "import shop.cli, asyncio\n\nasync def run():\n"
                 "    await shop.cli.serve()\n\nasyncio.run(run())\n")
    with running([environment[0], main], "/") as process:
        assert " run > handle " in ask(process, "ps --group").replace("Lock.acquire", "handle")
        line = "asyncio ps --group --pid %d" % process.pid
        done = debugger.gdb(["-ex", "set asyncio own /shop/:nothing", "-ex", line])
        assert " run > serve > handle > query " in done.output, done.output
