# SPDX-License-Identifier: MIT
"""Finding the library."""

import importlib.util
import os
import shutil
import subprocess
import sys

import aiodbg
import pytest
from conftest import modules_restored


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A function that imports a copy of the package from another place."""
    monkeypatch.delenv("AIODBG_LIBRARY", raising=False)

    def import_copy(folder):
        package = shutil.copytree(os.path.dirname(aiodbg.__file__), str(tmp_path / folder / "aiodbg"))
        spec = importlib.util.spec_from_file_location(
            "aiodbg_copy", os.path.join(package, "__init__.py")
        )
        copy = importlib.util.module_from_spec(spec)
        sys.modules["aiodbg_copy"] = copy
        spec.loader.exec_module(copy)
        return copy

    with modules_restored("aiodbg_copy"):
        yield import_copy


def install(library, folder):
    os.makedirs(str(folder), exist_ok=True)
    shutil.copy(os.path.realpath(library.path), str(folder / "libaiodbg.so.0"))


def compile_library(path, source):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-xc", "-", "-o", str(path)],
        input=source.encode(),
        check=True,
    )


def test_missing_library_names_the_paths_and_how_to_build(elsewhere, tmp_path):
    copy = elsewhere("core/python")
    with pytest.raises(copy.LibraryError) as caught:
        copy.load_library()
    message = str(caught.value)
    assert str(tmp_path / "build" / "core" / "libaiodbg.so") in message
    assert str(tmp_path / "core" / "python" / "libaiodbg.so") in message
    assert "meson compile" in message
    assert "AIODBG_LIBRARY" in message
    assert "\n" not in message


def test_library_of_the_checkout(elsewhere, tmp_path, library):
    install(library, tmp_path / "build" / "core")
    # Meson's folder of object files is no library.
    os.makedirs(str(tmp_path / "build" / "core" / "libaiodbg.so.0.1.0.p"))
    path = elsewhere("core/python").load_library().path
    assert path == str(tmp_path / "build" / "core" / "libaiodbg.so.0")


@pytest.mark.parametrize("folder", ["share/aiodbg", "lib", "lib64", "lib/x86_64-linux-gnu"])
def test_installed_library(elsewhere, tmp_path, library, folder):
    install(library, tmp_path / folder)
    path = elsewhere("share/aiodbg").load_library().path
    assert path == str(tmp_path / folder / "libaiodbg.so.0")


def test_environment_variable_wins_and_nothing_else_is_tried(
    elsewhere, tmp_path, library, monkeypatch
):
    install(library, tmp_path / "build" / "core")
    copy = elsewhere("core/python")
    monkeypatch.setenv("AIODBG_LIBRARY", str(tmp_path / "mine.so"))
    with pytest.raises(copy.LibraryError) as caught:
        copy.load_library()
    assert "mine.so" in str(caught.value)
    assert str(tmp_path / "build") not in str(caught.value)
    monkeypatch.setenv("AIODBG_LIBRARY", library.path)
    assert copy.load_library().path == library.path


@pytest.mark.parametrize(
    "source, reason",
    [
        ("unsigned int aiodbg_interface(void) { return 99; }", "has interface 99, not %d" % aiodbg.INTERFACE),
        ("int x;", "is no libaiodbg"),
    ],
)
def test_library_that_does_not_fit(elsewhere, tmp_path, source, reason):
    os.makedirs(str(tmp_path / "build" / "core"))
    path = tmp_path / "build" / "core" / "libaiodbg.so"
    compile_library(path, source)
    copy = elsewhere("core/python")
    with pytest.raises(copy.LibraryError) as caught:
        copy.load_library()
    assert "%s (%s)" % (path, reason) in str(caught.value)


def test_file_that_is_no_library(elsewhere, tmp_path, monkeypatch):
    (tmp_path / "x.so").write_text("text")
    monkeypatch.setenv("AIODBG_LIBRARY", str(tmp_path / "x.so"))
    copy = elsewhere("core/python")
    with pytest.raises(copy.LibraryError) as caught:
        copy.load_library()
    assert str(caught.value).count("x.so") == 1
