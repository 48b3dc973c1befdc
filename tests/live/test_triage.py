"""scripts/triage, run as a CI job would: on a folder of cores of which some are broken."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import cells
import pytest
from cells import Process
from interpreter import OWN
from place import CHECKOUT, Absent

TRIAGE = os.path.join(CHECKOUT, "scripts", "triage")
HOSTILE = os.path.join(CHECKOUT, "tests", "live", "triage_hostile.py")
SECONDS = 120

# By name of the core: the place, the interpreter, the program.
PROGRAMS = {
    "busy.core": ("host", OWN, "busy"),
    "cycles.core": ("root", "/usr/bin/python3.14", "cycles"),
    "names.core": ("host", OWN, "names"),
    "waiting.core": ("root", "/usr/bin/python3.15", "waiting"),
}
WHERE = "where it stopped, or why it was not read"
READ, USAGE, NOTHING, PARTLY, MATCHED = 0, 2, 3, 4, 5

# A debugger that never comes to an end with a core, but can be asked for its version.
STUCK = """#!/bin/sh
case " $* " in *" -c "*) echo $$ >> "$0.pids"; sleep 600;; esac
exec gdb "$@"
"""

pytestmark = pytest.mark.usefixtures("library")


# --- Cores ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(places, tmp_path_factory):
    """A folder of cores that the kernel made, and a core of `sleep`."""
    try:
        cells.kernel_writes_cores_here()
        if not shutil.which("gdb"):
            raise Absent("no gdb on this machine")
        folder = tmp_path_factory.mktemp("made")
        started = [start(places.get(key), *rest) for key, *rest in PROGRAMS.values()]
        started.append(start(places.get("host"), OWN, HOSTILE))
        names = list(PROGRAMS) + ["hostile.core"]
        for name, (process, work) in zip(names, started):
            with process:
                process.wait_until_ready().crash()
            take_core(work, folder / name)
    except Absent as reason:
        pytest.skip(str(reason))
    with Process(places.get("host"), ["sleep", "600"], str(folder)) as process:
        while open("/proc/%d/comm" % process.pid).read() != "sleep\n":
            time.sleep(0.01)
        process.crash()
    take_core(str(folder), folder / "sleep.core")
    return folder


def start(place, command, program):
    """A process, and the folder that it runs in, as seen from here."""
    inner = place.folder("triage-%s-%s" % (os.path.basename(command), os.path.basename(program)))
    path = program if program.endswith(".py") else place.inner_program(program)
    return Process(place, [command, "-B", path], inner), place.outer(inner)


def take_core(folder, path):
    found = glob.glob(folder + "/core") + glob.glob(folder + "/core.[0-9]*")
    assert len(found) == 1, "no core in %s" % os.listdir(folder)
    shutil.move(found[0], path)


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    """As a crashed test run leaves it: cores of all kinds, and files that are no cores."""
    found = tmp_path_factory.mktemp("job") / "cores"
    found.mkdir()
    for name in list(PROGRAMS) + ["sleep.core"]:
        os.link(made / name, found / name)
    whole = (made / "cycles.core").read_bytes()
    (found / "truncated.core").write_bytes(whole[: len(whole) * 2 // 5])
    (found / "headless.core").write_bytes(whole[:200])
    (found / "empty.core").touch()
    (found / "core.77.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100))
    with open(found / "core.78.gz", "wb") as packed:
        subprocess.run(["gzip", "-c", str(made / "busy.core")], stdout=packed, check=True)
    (found / "core.txt").write_text("what the test run printed\n")
    (found / "junit.xml").write_text("<testsuite/>\n")
    shutil.copy("/bin/true", found / "true")
    (found / "deeper").mkdir()
    os.link(made / "busy.core", found / "deeper" / "busy.core")
    return found


# --- Running it ----------------------------------------------------------------------------------


class Run:
    def __init__(self, folder, *arguments, environment=()):
        self.folder = folder / "triage"
        self.started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-B", TRIAGE, *map(str, arguments)],
            cwd=folder,
            env=surroundings(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
        )
        self.seconds = time.monotonic() - self.started
        self.status = done.returncode
        self.output = done.stdout.decode()
        self.errors = done.stderr.decode()

    def file(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def summary(self):
        return self.file("summary.md")

    def rows(self):
        """The cells of the table on top, by core: a dict of each."""
        lines = [line for line in self.summary.splitlines() if line.startswith("|")]
        lines = lines[: self.summary.split("<details")[0].count("\n|")]
        titles, _, *rows = [re.split(r"(?<!\\) ?\| ?", line)[1:-1] for line in lines]
        return {row[0].strip("`"): dict(zip(titles, row)) for row in rows}

    def details(self, name):
        """The folded part about a core."""
        parts = re.split(r"^(?=<details.*>\n<summary><code>.*</code>: )", self.summary, flags=re.M)
        found = [part for part in parts if "<summary><code>%s</code>" % name in part[:200]]
        assert len(found) == 1, name
        return found[0]


def surroundings(environment=()):
    """That of a CI job, which is not in a terminal and may have any locale."""
    kept = {key: os.environ[key] for key in ("AIODBG_LIBRARY", "HOME") if key in os.environ}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", **kept, **dict(environment)}


@pytest.fixture(scope="module")
def job(folder):
    """One run over all of them."""
    page = folder.parent / "step-summary.md"
    page.write_text("Before.\n")
    run = Run(folder.parent, "cores", "cores/core.txt", environment={"GITHUB_STEP_SUMMARY": page})
    run.page = page.read_text(encoding="utf-8")
    return run


# --- What it writes ------------------------------------------------------------------------------


def test_status_of_cores_read_in_part(job):
    assert job.status == PARTLY, job.errors
    assert job.errors == ""


def test_files_of_each_core(job):
    names = os.listdir(job.folder)
    for name in PROGRAMS:
        assert {name + ".txt", name + ".json", name + ".log"} <= set(names)
        assert json.loads(job.file(name + ".json"))["format"] == "aiodbg-snapshot"
        assert "(T) Task-1\n" in job.file(name + ".txt")
    for name in ("sleep.core", "empty.core", "core.77.zst"):
        assert not {name + ".txt", name + ".json"} & set(names)


def test_same_name_twice(job):
    first, second = job.file("busy.core.json"), job.file("busy.core-2.json")
    assert first == second
    rows = job.rows()
    assert "cores/busy.core" in rows
    assert "cores/deeper/busy.core" in rows
    assert "`busy.core-2.txt`" in job.details("busy.core-2")


def test_compressed_core(job):
    assert job.file("core.78.gz.json") == job.file("busy.core.json")
    assert "gzip -dc cores/core.78.gz > core.78 && " in job.details("core.78.gz")


def test_cores_of_a_folder_are_found(job):
    assert "2 other files were no cores" in job.summary
    assert len(job.rows()) == len(PROGRAMS) + 8


def test_step_summary_is_appended(job):
    assert job.page == "Before.\n" + job.summary + "\n"


@pytest.mark.parametrize(
    "name, reason",
    {
        "empty.core": "empty file",
        "headless.core": "truncated: ends within its program headers",
        "core.77.zst": "compressed with zstd, and damaged",
        "core.txt": "not a core: it is text",
        "sleep.core": "not a Python program: no CPython in sleep",
    }.items(),
)
def test_reason_why_not_read(job, name, reason):
    row = job.rows()[name]
    assert row["result"] == "**not read**"
    assert row[WHERE] == reason
    assert "not read      cores/%s: %s\n" % (name, reason) in job.output


def test_truncated_core(job):
    row = job.rows()["truncated.core"]
    assert row["result"] in ("**read in part**", "**not read**")
    place = row[WHERE]
    assert re.search(r"60 % \(.* MB of .* MB\)", place)
    if "part" in row["result"]:
        assert "**Could not be read:**" in job.details("truncated.core")


def test_running_task(job):
    row = job.rows()["cores/busy.core"]
    assert row["result"] == "read"
    assert row[WHERE] == "`third programs/busy.py:22` in task `busy`"
    assert (row["signal"], row["tasks"], row["cycles"]) == ("SIGSEGV", "8", "")
    details = job.details("busy.core")
    assert "SIGSEGV, sent by process %d\n" % os.getpid() in details
    assert "the main thread" in details
    assert "8: 1 running, 7 pending" in details
    task = r"`busy` \(thread \d+, the one that crashed\), innermost call first:"
    stack = r"third   /\S+/busy.py:22\nsecond  /.*\nfirst   /.*\ncalls   /.*\nbusy    /.*"
    assert re.search(r"\*\* %s\n\n```text\n%s\n```\n" % (task, stack), details)
    assert "`awaits-busy` → `busy`" in details
    assert "epoll" in job.details("names.core")


def test_cycles(job):
    assert job.rows()["cycles.core"]["cycles"] == "**2**"
    assert job.summary.splitlines()[0].endswith("; **1 with deadlocked tasks**")
    details = job.details("cycles.core")
    assert "- `a` → `b` → `a`\n- `x` → `y` → `z` → `x`\n" in details
    assert "read without its executable: /usr/bin/python3.14 is not" in details


def test_waiting_places(job):
    details = job.details("waiting.core")
    row = r"^\| 13 \| `sleep asyncio/tasks.py:\d+` \| `rest programs/waiting.py:9` \|"
    assert re.search(row, details, re.MULTILINE)
    assert re.search(r"^9 tasks wait for other tasks.$", details, re.MULTILINE)


def test_debugger_noise_is_in_the_log_only(job):
    log = job.file("cycles.core.log")
    assert "warning: " in log
    assert "[New LWP" in log
    for noise in ("warning: ", "New LWP", "reg-xstate", "Core was generated"):
        assert noise not in job.summary
        assert noise not in job.output


# --- Names that are traps ------------------------------------------------------------------------

TAGS = {"details", "summary", "code"}


@pytest.fixture(scope="module")
def hostile(made, tmp_path_factory):
    return Run(tmp_path_factory.mktemp("hostile"), made / "hostile.core", made / "names.core")


def prose_of(page):
    """The page without what is in blocks of code. Fails if one of them does not end."""
    lines, fence = [], None
    for line in page.splitlines():
        if fence is not None:
            fence = None if line == fence else fence
        elif line.startswith("```"):
            fence = line.rstrip("texsh")
        else:
            lines.append(line)
    assert fence is None
    return "\n".join(lines)


def test_traps_are_shown(hostile):
    assert hostile.status == READ, hostile.errors
    assert "(T) </details>" in hostile.summary
    assert hostile.rows()["hostile.core"]["cycles"] == "**1**"
    assert "\\x1b[31mred" in hostile.summary


def test_no_control_characters(hostile):
    for text in (hostile.summary, hostile.output):
        assert all(character.isprintable() or character == "\n" for character in text)
        assert "\u202e" not in text


def test_traps_do_not_break_markdown(hostile):
    prose = prose_of(hostile.summary)
    outside = re.sub(r"`[^`\n]*`", "", prose)
    assert set(re.findall(r"<\s*/?\s*(\w+)", outside)) == TAGS
    starts = len(re.findall("^<details", prose, re.MULTILINE))
    assert outside.count("<details") == outside.count("</details>") == starts
    assert len(re.findall("^#", prose, re.MULTILINE)) == 1
    assert not re.search(r"^\s*::", hostile.output, re.MULTILINE)
    for word in ("evil.example/)", "http:", "www.", "@somebody"):
        assert word not in outside
    for line in prose.splitlines():
        if line.startswith("|"):
            # Without escaped ones and those in entities, those of the table are left.
            assert len(re.findall(r"(?<!\\)\|", line)) in (5, 7, 8), line


@pytest.mark.optional
def test_traps_rendered(hostile):
    """As GitHub's own library sees it."""
    if not shutil.which("cmark-gfm"):
        pytest.skip("no cmark-gfm on this machine")
    command = ["cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough"]
    page = subprocess.check_output(command, input=hostile.summary.encode()).decode()
    known = {"h2", "p", "ul", "li", "strong", "pre", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(re.findall(r"<([a-z]\w*)", page)) == TAGS | known
    assert page.count("<h2>") == 1
    for name in ("details", "summary", "code", "pre", "table"):
        assert page.count("<" + name) == page.count("</" + name)


# --- Options and exit statuses -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gdb", "lldb"])
def test_all_read(made, tmp_path, kind):
    """A core alone has its details open."""
    need(kind)
    run = Run(tmp_path, made / "busy.core", "--debugger", kind, "--output", "triage")
    assert run.status == READ, run.errors
    assert run.summary.startswith("## asyncio tasks of 1 core: read\n")
    assert "Trees, JSON and logs of %s " % kind.upper() in run.summary
    assert "<details open>" in run.summary
    assert "in task `busy`" in run.summary
    assert "nanosleep" in run.summary


def test_own_frames(made, tmp_path):
    """The trees have them, and the page; the JSON has all."""
    need("gdb")
    plain, own = (
        Run(tmp_path, made / "waiting.core", "--frames", frames, "--output", "triage")
        for frames in ("all", "own")
    )
    assert own.status == plain.status
    tree = own.file("waiting.core.txt")
    assert re.search(r"\.\.\. \d+ frames: asyncio\n", tree)
    assert "waiting.py" in tree and "completed_async" in tree
    assert "_AsCompletedIterator.__anext__" not in tree
    assert "_AsCompletedIterator.__anext__" in own.file("waiting.core.json")
    bad = Run(tmp_path, made / "waiting.core", "--frames", "onw")
    assert bad.status == 2 and "--frames" in bad.errors


def test_lldb_gives_the_same(folder, job, tmp_path):
    need("lldb")
    cores = [folder / name for name in ("sleep.core", "empty.core", "core.txt", "cycles.core")]
    run = Run(tmp_path, "--debugger", "lldb", *cores)
    assert run.status == PARTLY
    rows = job.rows()
    assert {name: rows[name] for name in run.rows()} == run.rows()
    for suffix in (".txt", ".json"):
        assert run.file("cycles.core" + suffix) == job.file("cycles.core" + suffix)


def need(kind):
    if not glob.glob("/usr/bin/%s" % kind) and not glob.glob("/usr/bin/%s-[0-9]*" % kind):
        pytest.skip("no %s on this machine" % kind)


def test_nothing_readable(folder, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    run = Run(tmp_path, folder / "empty.core", folder / "core.txt", "absent", "pipe")
    assert run.status == NOTHING
    assert run.rows()["absent"][WHERE] == "cannot be read: No such file or directory"
    assert run.rows()["pipe"][WHERE] == "not a regular file"
    assert "4 cores: none read" in run.summary


def test_no_core(tmp_path):
    (tmp_path / "cores").mkdir()
    run = Run(tmp_path, "cores")
    assert run.status == NOTHING
    assert "there is no core" in run.summary


def test_fail_on_cycle(made, tmp_path):
    run = Run(tmp_path, made / "cycles.core", tmp_path / "absent", "--fail-on", "cycle")
    assert run.status == MATCHED
    run = Run(tmp_path, made / "busy.core", "--fail-on", "cycle")
    assert run.status == READ


def test_files_of_another_machine(made, tmp_path, places):
    """A core is not read with files that are not its own."""
    program = tmp_path / "usr" / "bin" / "python3.14"
    program.parent.mkdir(parents=True)
    program.write_text("another")
    run = Run(tmp_path, made / "cycles.core", "--sysroot", tmp_path)
    assert run.status == READ
    assert "python3.14 is another file than the core's" in run.summary
    root = places.get("root").path
    run = Run(tmp_path, made / "cycles.core", "--sysroot", root, "--jobs", "1")
    assert run.status == READ
    assert "Note:" not in run.summary
    assert "libc.so.6" in run.summary


@pytest.fixture
def stuck(tmp_path):
    path = tmp_path / "some-debugger"
    path.write_text(STUCK)
    path.chmod(0o755)
    return path


def has_ended(stuck):
    pids = (stuck.parent / (stuck.name + ".pids")).read_text().split()
    return pids and not any(os.path.exists("/proc/" + pid) for pid in pids)


def test_timeout(made, stuck, tmp_path):
    cores = [made / "busy.core", made / "cycles.core"]
    run = Run(tmp_path, *cores, "--debugger", stuck, "--timeout", "0.5", "--jobs", "2")
    assert run.status == NOTHING
    assert run.summary.count("| took longer than 0.5 s (--timeout) |") == 2
    assert run.seconds < 20
    assert "took longer" in run.file("busy.core.log")
    assert has_ended(stuck)


def test_cancelled_job_leaves_no_debugger(made, stuck, tmp_path):
    words = [sys.executable, "-B", TRIAGE, str(made / "busy.core"), "--debugger", str(stuck)]
    process = subprocess.Popen(words, cwd=tmp_path, env=surroundings())
    deadline = time.monotonic() + SECONDS
    while not (tmp_path / "some-debugger.pids").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    assert process.wait(SECONDS) == 128 + signal.SIGTERM
    assert has_ended(stuck)


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "CORE"),
        (["x", "--no-such-option"], "--no-such-option"),
        (["x", "--fail-on", "rain"], "rain"),
        (["x", "--jobs", "0"], "number above 0"),
        (["x", "--executable", "/nonexistent"], "no such file"),
        (["x", "--debugger", "/nonexistent/gdb"], "no such command"),
        (["x", "--debugger", "true"], "neither GDB nor LLDB"),
        (["x", "--output", "/dev/null/triage"], "cannot write"),
    ],
)
def test_usage(tmp_path, arguments, said):
    run = Run(tmp_path, *arguments)
    assert run.status == USAGE
    assert said in run.errors
    assert "Traceback" not in run.errors
    assert len(run.errors.splitlines()) <= 2


def test_library_missing(tmp_path):
    run = Run(tmp_path, "x", environment={"AIODBG_LIBRARY": "/nonexistent/lib.so"})
    assert run.status == USAGE
    assert run.errors.count("/nonexistent/lib.so") == 1
    assert "build" in run.errors
