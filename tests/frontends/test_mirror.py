# SPDX-License-Identifier: MIT
"""aiodbg/mirror.py mirrors aiodbg.h, all of it; the compiler is asked."""

import ctypes
import enum
import os
import re
import shutil
import subprocess

import pytest
from aiodbg import mirror

# ctypes class: name in C.
STRUCTS = {
    mirror.CError: "struct aiodbg_error",
    mirror.CRegion: "struct aiodbg_region",
    mirror.CMapping: "struct aiodbg_mapping",
    mirror.CTarget: "struct aiodbg_target",
    mirror.COptions: "struct aiodbg_options",
    mirror.CSink: "struct aiodbg_sink",
    mirror.CStats: "struct aiodbg_stats",
    mirror.CProblem: "struct aiodbg_problem",
    mirror.CSnapshotInfo: "struct aiodbg_snapshot_info",
    mirror.CTaskInfo: "struct aiodbg_task_info",
    mirror.CFrameInfo: "struct aiodbg_frame_info",
    mirror.CEdgeInfo: "struct aiodbg_edge_info",
    mirror.CThreadInfo: "struct aiodbg_thread_info",
    mirror.CLocalInfo: "struct aiodbg_local_info",
    mirror.CCycleInfo: "struct aiodbg_cycle_info",
    mirror.COtherFile: "struct aiodbg_other_file",
    mirror.CSyscall: "struct aiodbg_syscall",
    mirror.CRequest: "struct aiodbg_request",
    mirror.CRenderOptions: "struct aiodbg_render_options",
    mirror.CGraphOptions: "struct aiodbg_graph_options",
    mirror.CGraphNode: "struct aiodbg_graph_node",
    mirror.CGraphLink: "struct aiodbg_graph_link",
    mirror.CCommand: "struct aiodbg_command",
    mirror.CSetting: "struct aiodbg_setting",
}
ENUMS = [
    mirror.Status,
    mirror.ByteOrder,
    mirror.TargetKind,
    mirror.TaskState,
    mirror.FrameKind,
    mirror.EdgeSource,
    mirror.Want,
    mirror.Show,
    mirror.WordKind,
    mirror.Role,
]


def mirrored():
    """C expression: value in the mirror."""
    values = {
        "AIODBG_INTERFACE": mirror.INTERFACE,
        "AIODBG_MESSAGE_MAX": mirror.MESSAGE_MAX,
        "AIODBG_FILE_MAX": mirror.FILE_MAX,
        "AIODBG_BUILD_ID_MAX": mirror.BUILD_ID_MAX,
        "AIODBG_USAGE_MAX": mirror.USAGE_MAX,
        "AIODBG_HELP_MAX": mirror.HELP_MAX,
        "AIODBG_SETTING_MAX": mirror.SETTING_MAX,
        "AIODBG_STYLE_BEGIN": ord(mirror.STYLE_BEGIN),
        "AIODBG_STYLE_END": ord(mirror.STYLE_END),
        "(size_t)AIODBG_NONE": mirror.NONE,
    }
    for cls, name in STRUCTS.items():
        values["sizeof(%s)" % name] = ctypes.sizeof(cls)
        for field, _ in cls._fields_:
            descriptor = getattr(cls, field)
            values["offsetof(%s, %s)" % (name, field)] = descriptor.offset
            values["sizeof(((%s *)0)->%s)" % (name, field)] = descriptor.size
    for members in ENUMS:
        values.update(("AIODBG_" + member.name, member.value) for member in members)
    return values


@pytest.fixture(scope="module")
def header(top):
    with open(os.path.join(top, "core", "aiodbg.h")) as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)


@pytest.fixture(scope="module")
def compiled(top, tmp_path_factory):
    """What the compiler says of the same expressions."""
    compiler = shutil.which(os.environ.get("CC", "cc").split()[0])
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("mirror")
    lines = "".join('printf("%%llu\\n", (unsigned long long)(%s));\n' % name for name in mirrored())
    source = "#include <stdio.h>\n#include <aiodbg.h>\nint main(void) {\n%s}\n" % lines
    (folder / "mirror.c").write_text(source)
    program = str(folder / "mirror")
    core = os.path.join(top, "core")
    subprocess.check_call([compiler, "-I", core, "-o", program, str(folder / "mirror.c")])
    output = subprocess.check_output([program], text=True)
    return dict(zip(mirrored(), map(int, output.split())))


def test_sizes_offsets_and_values_agree(compiled):
    assert mirrored() == compiled


def test_no_struct_or_field_is_left_out(header):
    found = dict(re.findall(r"^(struct aiodbg_\w+) \{(.*?)^\};", header, re.DOTALL | re.MULTILINE))
    assert sorted(found) == sorted(STRUCTS.values())
    for cls, name in STRUCTS.items():
        # Also of "uint64_t start, end;", and of "int (*write)(void *ctx, ...);".
        names = re.findall(r"(?:\(\*|\b)(\w+)(?:\)\([^)]*\)|\[\w+\])?\s*(?:,|;)", found[name])
        assert names == [field for field, _ in cls._fields_]


def test_no_constant_is_left_out(header):
    names = set(re.findall(r"^\t(AIODBG_\w+) =", header, re.MULTILINE))
    assert names == {"AIODBG_" + member.name for members in ENUMS for member in members}
    assert all(issubclass(members, enum.IntEnum) for members in ENUMS)


def test_no_function_is_left_out(header):
    names = re.findall(r"^(?!typedef)\w[\w ]* \*?(aiodbg_\w+)\(", header, re.MULTILINE)
    assert sorted(names) == sorted(mirror.PROTOTYPES)


def test_functions_have_as_many_arguments(header):
    text = " ".join(header.split())
    for name, (_, arguments) in mirror.PROTOTYPES.items():
        parameters = re.search(r"\b%s\(([^)]*)\);" % name, text).group(1)
        assert len(arguments) == (0 if parameters == "void" else parameters.count(",") + 1), name
