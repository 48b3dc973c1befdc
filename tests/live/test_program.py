"""The program aiodbg, which needs no debugger: of cores it shows what GDB shows. See program.py."""

import glob
import itertools
import json
import os
import shutil
import subprocess
import sys

import cells
import debugger
import pytest
from place import CHECKOUT, Absent
from program import PROGRAM, differences, program, run

pytestmark = pytest.mark.families
PROGRAMS = ("stuck", "everything")
NUMBERS = itertools.count()


@pytest.fixture(scope="module", params=PROGRAMS)
def cores(request, interpreter, place):
    """(the core that GDB writes, the kernel's, GDB's options for them)."""
    if request.param != PROGRAMS[0] and not (interpreter.required or cells.everything()):
        pytest.skip("one program is enough")
    try:
        cells.kernel_writes_cores_here()
    except Absent as reason:
        pytest.skip(str(reason))
    inner = place.folder("program-%d" % next(NUMBERS))
    outer = place.outer(inner)
    arguments = [interpreter.command, "-B", place.inner_program(request.param)]
    options = debugger.without_symbols(place, interpreter.command)
    with cells.Process(place, arguments, inner, {"AIODBG_REPORT": inner + "/report"}) as process:
        process.wait_until_ready()
        own = outer + "/gdb-core"
        debugger.gdb(options + ["-p", str(process.pid)] + debugger.each(["gcore " + own]))
        process.crash()
    [kernel] = glob.glob(outer + "/core*")
    return own, kernel, options


def test_core_of_the_kernel(cores, place):
    assert differences(cores[1], cores[2], place.path or None) == []


def test_core_of_gdb(cores, place):
    assert differences(cores[0], cores[2], place.path or None) == []


def test_core_without_files(cores, tmp_path):
    assert differences(cores[1], debugger.WITHOUT_FILES, str(tmp_path)) == []


@pytest.mark.parametrize("percent", (1, 30, 90))
def test_cut_core(cores, place, tmp_path, percent):
    path = str(tmp_path / "core")
    with open(cores[1], "rb") as whole, open(path, "wb") as part:
        part.write(whole.read(os.path.getsize(cores[1]) * percent // 100))
    assert differences(path, cores[2], place.path or None) == []


def test_exit_status(cores, place):
    root = place.path or None
    core = cores[1]
    assert run("ps", core, root)[0] == 0
    status, output, error = run("why --fail-on deadlock,cycle", core, root)
    assert status == 5 and output and "--fail-on" in error
    assert run("ps --no-such-option", core, root)[0] == 2
    assert run("task no-such-task", core, root)[0] == 1


@pytest.mark.required
def test_process(interpreter, place):
    inner = place.folder("program-%s-live" % interpreter.name)
    arguments = [interpreter.command, "-B", place.inner_program("stuck")]
    with cells.Process(place, arguments, inner) as process:
        process.wait_until_ready()
        pid = str(process.pid)
        shown = debugger.gdb(debugger.each(["asyncio pstree " + pid])).output
        assert run("pstree", pid) == (0, shown, "")
        assert run("ps --json", pid)[0] == 0
        first = json.loads(run("ps --json", pid)[1])["tasks"][0]["id"]
        assert run("task " + first, pid)[0] == 0
        assert program("task", "--pid", pid, first).returncode == 0
        # The target comes first, or behind options.
        assert program("ps", "--retries", "5", "--json", pid).returncode == 0


def test_wrong_usage(tmp_path):
    empty, noise = tmp_path / "empty", tmp_path / "noise"
    empty.write_bytes(b"")
    noise.write_bytes(b"no core" * 99)
    for words, status, text in (
        ([], 2, "Usage: aiodbg COMMAND"),
        (["--help"], 0, ""),
        (["pstree", "--help"], 0, ""),
        (["help", "pstree"], 0, ""),
        (["help", "no-such"], 2, 'no command "no-such": try why, ps, '),
        (["pstree"], 2, "needs a process id or a core file: usage: aiodbg pstree PID|CORE "),
        (["pstree", ""], 2, "needs a process id or a core file"),
        (["no-such"], 2, 'no command "no-such"'),
        (["4711"], 2, "a command comes first: aiodbg why 4711"),
        (["show"], 2, "settings are for debuggers"),
        (["ps", "4711", "--no-such"], 2, 'ps does not take "--no-such": usage: aiodbg ps PID|CORE '),
        (["ps", "4711", "4712"], 2, 'ps takes one process or core: too many is "4712"'),
        (["task", "4711"], 2, "task needs a TASK: usage: aiodbg task PID|CORE TASK "),
        (["ps", str(tmp_path / "none")], 1, "No such file or directory: give the path of a core"),
        (["doctor", str(os.getppid()), "--top"], 2, "usage: aiodbg doctor PID|CORE "),
        (["ps", str(tmp_path)], 1, "is a folder: give a core file"),
        (["ps", str(empty)], 1, "is empty"),
        (["ps", str(noise)], 1, "is not a core file"),
        (["ps", PROGRAM], 1, "is a program or library, and not a core file"),
        (["ps", "4194304"], 1, "no process 4194304"),
        (["ps", "99999999999"], 2, "99999999999"),
    ):
        done = program(*words)
        assert done.returncode == status, (words, done)
        error = done.stderr.decode()
        assert text in error
        assert not words or not error or error.startswith("aiodbg: ") and error.count("\n") == 1
        assert "asyncio" not in error or not words


def test_full_disk():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"cannot write" in done.stderr


def test_from_python(cores, place):
    """import aiodbg in a Python that is in no debugger."""
    code = (
        "import aiodbg, sys\n"
        "with aiodbg.snapshot(core=sys.argv[1], sysroot=sys.argv[2] or None, waits=True) as found:\n"
        "    assert found.verdicts is not None\n"
        "    print('\\n'.join(task.name for task in found.tasks))\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, cores[1], place.path],
        env={"PYTHONPATH": os.path.join(CHECKOUT, "core", "python"), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(run("ps --json", cores[1], place.path or None)[1])
    assert done.stdout.decode() == "".join(task["name"] + "\n" for task in shown["tasks"])


BARE = """
root=$1 user=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
export LC_ALL=C.UTF-8
exec chroot --userspec="$user" "$root" /aiodbg "$@"
"""


@pytest.mark.required
@pytest.mark.only((3, 14))
def test_in_a_bare_root(interpreter, place, tmp_path):
    """Copied into a read-only root folder that has nothing else, for a user without rights."""
    headers = subprocess.run(["readelf", "-lW", PROGRAM], stdout=subprocess.PIPE).stdout
    assert b"INTERP" not in headers, "not linked statically: is libelf.a here?"
    root = tmp_path / "root"
    (root / "proc").mkdir(parents=True)
    shutil.copy(PROGRAM, root / "aiodbg")

    def why(target):
        shell = ["unshare", "--mount", "--net", "sh", "-ec", BARE, "sh", str(root), "65534:65534"]
        for words, text in (["pstree"], "└── (T)"), (["why", "--all"], "DEADLOCK"):
            command = shell + words + [target]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert done.returncode == 0 and text in done.stdout.decode(), done

    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    arguments = nobody + [interpreter.command, "-B", place.inner_program("stuck")]
    with cells.Process(place, arguments) as process:
        process.wait_until_ready()
        why(str(process.pid))
        core = str(root / "core")
        options = debugger.without_symbols(place, interpreter.command)
        debugger.gdb(options + ["-p", str(process.pid)] + debugger.each(["gcore " + core]))
    os.chmod(core, 0o644)
    why("/core")


@pytest.mark.required
@pytest.mark.only((3, 14))
@pytest.mark.parametrize("tool", ("zstd", "lz4", "gzip", "xz"))
def test_compressed_core(cores, place, tmp_path, tool):
    """As the core itself; one that is cut gives what there is, or one line."""
    core, root = cores[1], place.path or None
    packed = str(tmp_path / "packed")
    with open(core, "rb") as whole, open(packed, "wb") as file:
        if subprocess.run([tool, "-c", "-1"], stdin=whole, stdout=file).returncode:
            pytest.skip("no %s here" % tool)
    # Sources are to be older.
    shutil.copystat(core, packed)
    for line in ("ps --json", "why"):
        assert run(line, packed, root) == run(line, core, root)
    size = os.path.getsize(packed)
    # Each is a part of the one before.
    for part in (size - 1, size // 2, 100, 3, 0):
        os.truncate(packed, part)
        status, output, error = run("pstree", packed, root)
        assert (status == 0 and output) or (status == 1 and len(error.splitlines()) == 1)
