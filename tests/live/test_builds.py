"""Building elsewhere: where libraries lie otherwise, newer compilers, musl, another machine.

Where files are otherwise is tried with this machine's own, moved in a view of /usr that only the
test has. The others are built in the root folder that scripts/make-compilers makes, and take
minutes: only if everything is asked for.
"""

import os
import shutil
import subprocess

import debugger
import pytest
from cells import Process, everything
from place import CHECKOUT
from test_machines import find_machines

FOLDER = "/usr/lib/x86_64-linux-gnu"
OWN_PROGRAM = os.path.join(CHECKOUT, "build", "core", "cli", "aiodbg")

MOVE = """
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$1/upper,workdir=$1/work" /usr || exit 77
cd /usr
eval "$2"
cd "$3"
shift 3
exec "$@"
"""

# How files are moved or missing, and variables for meson. They have nothing to do with each other.
ELSEWHERE = {
    "flat, no obstack.h, no formats of compressed cores": (
        "mv include/libiberty/* include/; rm include/obstack.h; "
        "cd %s/pkgconfig; rm libzstd.pc liblz4.pc liblzma.pc" % FOLDER,
        {},
    ),
    "below a prefix, no archives": (
        "mkdir -p apart/include apart/lib; mv include/libiberty apart/include/; cd %s; "
        "mv libiberty.a /usr/apart/lib/; rm libelf.a libzstd.a liblz4.a liblzma.a libz.a" % FOLDER,
        {"CPPFLAGS": "-I/usr/apart/include", "LDFLAGS": "-L/usr/apart/lib"},
    ),
}
# What is said where something is missing: one line that names the package.
MISSING = {
    "no-hashtab": (
        "mv include/libiberty/libiberty.h include/; rm -r include/libiberty",
        "libiberty-dev (Debian, Ubuntu)",
    ),
    "no-libiberty": ("rm %s/libiberty.a" % FOLDER, "libiberty-dev (Debian, Ubuntu)"),
    "no-libelf": ("rm %s/pkgconfig/libelf.pc" % FOLDER, "elfutils-libelf-devel (Fedora)"),
}
# Those that include what is moved.
OBJECTS = ("memory_pagecache", "base_arena", "process_elf_file", "process_unpack")

slow = pytest.mark.skipif(not everything(), reason="takes minutes: only if everything is asked for")


def moved(tmp_path, files, command, variables=()):
    view = tmp_path / "view"
    view.mkdir(exist_ok=True)
    shell = ["unshare", "--mount", "bash", "-ec", MOVE, "bash", str(view), files, CHECKOUT]
    done = subprocess.run(
        shell + command,
        env=dict(os.environ, **dict(variables)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    if done.returncode == 77:
        pytest.skip("no overlay file system can be mounted here: " + done.stdout)
    return done


@pytest.mark.optional
@pytest.mark.parametrize("name", ELSEWHERE)
def test_files_are_elsewhere(name, tmp_path):
    files, variables = ELSEWHERE[name]
    build = str(tmp_path / "build")
    done = moved(tmp_path, files, ["meson", "setup", build, "-Dwerror=true"], variables)
    assert done.returncode == 0, done.stdout
    is_static = "program is static: true" in done.stdout.lower()
    assert is_static == ("no archives" not in name), done.stdout
    targets = ["core/libaiodbg_core.a.p/%s.c.o" % object for object in OBJECTS]
    if everything():
        targets = ["core/cli/aiodbg", "core/libaiodbg.so.0.1.0"]
    done = moved(tmp_path, files, ["ninja", "-C", build] + targets, variables)
    assert done.returncode == 0, done.stdout


@pytest.mark.optional
@pytest.mark.parametrize("name", MISSING)
def test_files_are_missing(name, tmp_path):
    files, package = MISSING[name]
    done = moved(tmp_path, files, ["meson", "setup", str(tmp_path / "build")])
    assert done.returncode != 0
    [line] = [line for line in done.stdout.splitlines() if "ERROR: " in line]
    assert package in line


# ---- in the root folder ----

ENTER = """
mkdir -p "$1/src" "$1/out"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"
mount --bind "$2" "$1/src"
mount -o remount,bind,ro "$1/src"
mount --bind "$3" "$1/out"
ip link set lo up
root=$1
shift 3
exec env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C.UTF-8 chroot "$root" sh -exc "$@"
"""


@pytest.fixture(scope="module")
def compilers():
    """The root folder, with a clang and a gcc that are newer than Debian 12's."""
    script = os.path.join(CHECKOUT, "scripts", "make-compilers")
    made = subprocess.run([script], stdout=subprocess.PIPE, check=True)
    return made.stdout.decode().strip()


def inside(compilers, tmp_path, lines):
    """Run lines of shell: the checkout is /src and can only be read, tmp_path is /out."""
    shell = ["unshare", "--mount", "--net", "bash", "-ec", ENTER, "bash"]
    done = subprocess.run(
        shell + [compilers, CHECKOUT, str(tmp_path), lines],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert done.returncode == 0, done.stdout[-10000:]


@slow
@pytest.mark.optional
@pytest.mark.parametrize("compiler", ("gcc-16", "clang-21"))
def test_newer_compilers(compilers, tmp_path, compiler):
    """Warnings are errors, also in tests."""
    lines = """
    cd /src
    CC=%s meson setup /tmp/build -Dwerror=true
    ninja -C /tmp/build all meson-test-prereq
    meson test -C /tmp/build --no-rebuild --suite unit
    """
    inside(compilers, tmp_path, lines % compiler)


@pytest.fixture(scope="module")
def known_cores(places, tmp_path_factory):
    """Core files: of this machine, and of arm64."""
    folder = tmp_path_factory.mktemp("cores")
    host, machines = places.get("host"), find_machines()
    with Process(host, ["/usr/bin/python3", "-B", host.inner_program("stuck")]) as process:
        process.wait_until_ready()
        own = str(folder / "own")
        debugger.gdb(["-p", str(process.pid)] + debugger.each(["gcore " + own]))
    command = [machines + "/arm64/run", "python3.14", "-B", host.inner_program("stuck")]
    with Process(host, command, str(folder)) as process:
        process.wait_until_ready().crash()
    [guest] = folder.glob("qemu_*.core")
    return {"own": (own, "/"), "arm64": (str(guest), machines + "/arm64")}


LINES = ("why", "why --all", "ps", "ps --json --waits", "pstree", "loops", "threads", "doctor")


def is_same(command, known_cores):
    """The program that command runs says of each core what that of this machine says."""
    for core, root in known_cores.values():
        for line in LINES:
            first, *rest = line.split()
            words = [first, core, "--sysroot", root] + rest
            shown = [
                subprocess.run(
                    program + words,
                    env={"LC_ALL": "C.UTF-8"},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                for program in ([OWN_PROGRAM], command)
            ]
            assert shown[0].returncode == 0, shown[0].stderr
            assert line != "why" or b"DEADLOCK (certain)" in shown[0].stdout
            assert shown[1].stdout == shown[0].stdout, (core, line, shown[1].stderr)


def reads_process(command, host):
    with Process(host, ["/usr/bin/python3", "-B", host.inner_program("stuck")]) as process:
        process.wait_until_ready()
        words = ["why", str(process.pid)]
        done = subprocess.run(command + words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert b"DEADLOCK (certain)" in done.stdout, done.stderr


# Debian has no libraries for musl. Those for glibc can be linked with it where they are archives,
# and what their headers made of a few functions is there.
CHECKED = """
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vfprintf(file, format, args);
	va_end(args);
	return len;
}

long __isoc23_strtol(const char *text, char **end, int base)
{
	return strtol(text, end, base);
}

ssize_t __pread_chk(int fd, void *buf, size_t len, off_t at, size_t size)
{
	return pread(fd, buf, len, at);
}
"""
# Its compiler looks into no folder of the system.
MUSL = """
mkdir /tmp/include
cd /usr/include
for name in libelf.h gelf.h elfutils zlib.h zconf.h */zconf.h zstd.h zstd_errors.h lz4*.h \\
	lzma.h lzma libiberty; do
	[ ! -e $name ] || ln -sf /usr/include/$name /tmp/include
done
musl-gcc -c /out/checked.c -o /tmp/checked.o
cd /src
CC=musl-gcc CFLAGS=-I/tmp/include LDFLAGS=/tmp/checked.o \\
	meson setup /tmp/build -Dwerror=true -Dprefer_static=true
ninja -C /tmp/build core/cli/aiodbg
cp /tmp/build/core/cli/aiodbg /out
cp -L /lib/ld-musl-x86_64.so.1 /out
"""


@slow
@pytest.mark.optional
def test_musl(compilers, tmp_path, known_cores, places):
    (tmp_path / "checked.c").write_text(CHECKED)
    inside(compilers, tmp_path, MUSL)
    program = str(tmp_path / "aiodbg")
    with open(program, "rb") as file:
        assert b"GLIBC_2" not in file.read()
    is_same([program], known_cores)
    reads_process([program], places.get("host"))


CROSS = """
[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkg-config = 'pkg-config'

[properties]
pkg_config_libdir = ['/usr/lib/aarch64-linux-gnu/pkgconfig', '/usr/share/pkgconfig']

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
"""


@slow
@pytest.mark.optional
def test_arm64(compilers, tmp_path, known_cores, places):
    """Of its own machine's core and of another's it says what a program of x86-64 says."""
    (tmp_path / "cross").write_text(CROSS)
    lines = """
    cd /src
    meson setup /tmp/build --cross-file /out/cross -Dwerror=true
    ninja -C /tmp/build core/cli/aiodbg core/libaiodbg.so.0.1.0
    cp /tmp/build/core/cli/aiodbg /out
    """
    inside(compilers, tmp_path, lines)
    emulator = shutil.which("qemu-aarch64-static")
    assert emulator, "no qemu-aarch64-static"
    command = [emulator, str(tmp_path / "aiodbg")]
    is_same(command, known_cores)
    # qemu hands on what it asks the kernel, so this is another machine's process to it.
    reads_process(command, places.get("host"))


# ---- in root folders that know nothing of it ----

READ_ONLY = """
root=$1
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
cp "$2" "$root/tmp/aiodbg"
cp "$3" "$root/tmp/core"
chmod 444 "$root/tmp/core"
mount -o remount,bind,ro "$root/tmp"
mount -o remount,bind,ro "$root"
shift 3
exec env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 chroot --userspec=65534:65534 "$root" /tmp/aiodbg "$@"
"""
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


@pytest.fixture(scope="module")
def roots(compilers, tmp_path_factory):
    """Of Debian 12 and unstable, and one where there is musl and nothing else, as on Alpine."""
    cache = os.path.dirname(compilers)
    musl = tmp_path_factory.mktemp("musl")
    musl.chmod(0o755)
    for name in ("lib", "proc", "tmp"):
        (musl / name).mkdir()
    shutil.copy(compilers + "/lib/ld-musl-x86_64.so.1", str(musl / "lib"))
    return [cache + "/frameworks-bookworm", cache + "/unstable", str(musl)]


@slow
@pytest.mark.optional
def test_copied_into_a_root(roots, known_cores, places):
    """One file, without a network, where nothing can be written, by a user without rights."""
    # The core is of a CPython that says by itself how it is laid out.
    host = places.get("host")
    command = NOBODY + ["/usr/bin/python3", "-B", host.inner_program("stuck")]
    with Process(host, command) as process:
        process.wait_until_ready()
        for root in roots:
            shell = ["unshare", "--mount", "--net", "sh", "-ec", READ_ONLY, "sh", root]
            shell += [OWN_PROGRAM, known_cores["arm64"][0]]
            for target in str(process.pid), "/tmp/core":
                for line, text in (["pstree"], "(T) "), (["why", "--all"], "DEADLOCK (certain)"):
                    done = subprocess.run(
                        shell + line + [target], stdout=subprocess.PIPE, stderr=subprocess.PIPE
                    )
                    assert done.returncode == 0, (root, line, done.stderr)
                    assert text in done.stdout.decode()
