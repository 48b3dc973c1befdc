# SPDX-License-Identifier: MIT
"""A ctypes mirror of aiodbg.h, all of it: a test compares the two.

Python 3.8 is enough for this package, and only the standard library is used, because it runs
inside whatever Python a debugger was built with.
"""

import ctypes
import enum

# AIODBG_INTERFACE of the header that this file mirrors.
INTERFACE = 7

MESSAGE_MAX = 400
FILE_MAX = 256
BUILD_ID_MAX = 72
USAGE_MAX = 1024
HELP_MAX = 8192
SETTING_MAX = 512


class Status(enum.IntEnum):
    """enum aiodbg_status"""

    OK = 0
    NO_MEMORY = 1
    INVALID = 2
    USAGE = 3
    FAULT = 4
    CORRUPT = 5
    NOT_FOUND = 6
    UNSUPPORTED = 7
    LIMIT = 8
    INTERRUPTED = 9
    IO = 10
    NO_PROCESS = 11
    DENIED = 12
    TOO_MUCH = 13
    MATCHED = 14


class ByteOrder(enum.IntEnum):
    """enum aiodbg_byte_order"""

    LITTLE_ENDIAN = 1
    BIG_ENDIAN = 2


class TargetKind(enum.IntEnum):
    """enum aiodbg_target_kind"""

    TARGET_PROCESS = 1
    TARGET_CORE = 2


class TaskState(enum.IntEnum):
    """enum aiodbg_task_state"""

    TASK_UNKNOWN = 0
    TASK_PENDING = 1
    TASK_RUNNING = 2
    TASK_FINISHED = 3
    TASK_CANCELLED = 4


class FrameKind(enum.IntEnum):
    """enum aiodbg_frame_kind"""

    FRAME_FUNCTION = 1
    FRAME_GENERATOR = 2
    FRAME_COROUTINE = 3
    FRAME_ASYNC_GENERATOR = 4
    FRAME_FOREIGN = 5


class EdgeSource(enum.IntEnum):
    """enum aiodbg_edge_source"""

    SOURCE_AWAITED_BY = 1
    SOURCE_CALLBACK = 2


class Want(enum.IntEnum):
    """enum aiodbg_want"""

    WANT_DETAIL = 1
    WANT_WAITS = 2
    WANT_THREADS = 4
    WANT_LOOPS = 8
    WANT_OWN = 16
    WANT_LOCALS = 32
    WANT_SECRETS = 64
    WANT_FINISHED = 128
    WANT_CONTEXT = 256
    WANT_VERDICTS = 512


class Show(enum.IntEnum):
    """enum aiodbg_show"""

    SHOW_TASKS = 0
    SHOW_GRAPH = 1
    SHOW_TASK = 2
    SHOW_WHY = 3
    SHOW_THREADS = 4
    SHOW_LOOPS = 5


class Role(enum.IntEnum):
    """enum aiodbg_role"""

    ROLE_TASK = 0
    ROLE_ID = 1
    ROLE_FUNCTION = 2
    ROLE_FILE = 3
    ROLE_LINE = 4
    ROLE_HEADING = 5
    ROLE_LIBRARY = 6
    ROLE_VERDICT = 7


# AIODBG_STYLE_BEGIN, which a letter follows, and AIODBG_STYLE_END.
STYLE_BEGIN = "\x01"
STYLE_END = "\x02"


class WordKind(enum.IntEnum):
    """enum aiodbg_word_kind"""

    WORD_OTHER = 0
    WORD_CHOICE = 1
    WORD_FILE = 2
    WORD_TASK = 3


# AIODBG_NONE: the number of no task or thread.
NONE = ctypes.c_size_t(-1).value


# Pointers to bytes are c_void_p, not c_char_p: those buffers are not NUL-terminated.

READ_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t
)
FIND_SYMBOL_FN = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_uint,
    ctypes.POINTER(ctypes.c_uint64),
)
FIND_SECTION_FN = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_uint,
    ctypes.POINTER(ctypes.c_uint64),
    ctypes.POINTER(ctypes.c_uint64),
)
SOURCE_LINE_FN = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_uint32,
    ctypes.c_void_p,
    ctypes.c_size_t,
)
INTERRUPTED_FN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
WRITE_FN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
WARN_FN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


class CError(ctypes.Structure):
    """struct aiodbg_error"""

    _fields_ = [
        ("code", ctypes.c_int),
        ("has_address", ctypes.c_int),
        ("address", ctypes.c_uint64),
        ("message", ctypes.c_char * MESSAGE_MAX),
    ]


class CRegion(ctypes.Structure):
    """struct aiodbg_region"""

    _fields_ = [
        ("start", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
        ("writable", ctypes.c_int),
    ]


class CMapping(ctypes.Structure):
    """struct aiodbg_mapping"""

    _fields_ = [
        ("start", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
        ("has_contents", ctypes.c_int),
        ("file", ctypes.c_char * FILE_MAX),
    ]


class COtherFile(ctypes.Structure):
    """struct aiodbg_other_file"""

    _fields_ = [
        ("file", ctypes.c_char * FILE_MAX),
        ("mapped_id", ctypes.c_char * BUILD_ID_MAX),
        ("file_id", ctypes.c_char * BUILD_ID_MAX),
        ("is_program", ctypes.c_int),
    ]


class CSyscall(ctypes.Structure):
    """struct aiodbg_syscall"""

    _fields_ = [
        ("number", ctypes.c_int64),
        ("arguments", ctypes.c_uint64 * 6),
        ("stack_pointer", ctypes.c_uint64),
    ]


FIND_SYSCALL_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(CSyscall)
)
FIND_OTHER_FILE_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.POINTER(COtherFile)
)
FIND_MAPPING_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(CMapping)
)
NEXT_REGION_FN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(CRegion)
)


class CTarget(ctypes.Structure):
    """struct aiodbg_target"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("ctx", ctypes.c_void_p),
        ("word_size", ctypes.c_uint32),
        ("byte_order", ctypes.c_uint32),
        ("kind", ctypes.c_uint32),
        ("pid", ctypes.c_uint32),
        ("local_pid", ctypes.c_uint32),
        ("tid", ctypes.c_uint32),
        ("debugger", ctypes.c_char_p),
        ("giving_files", ctypes.c_char_p),
        ("read", READ_FN),
        ("find_symbol", FIND_SYMBOL_FN),
        ("find_section", FIND_SECTION_FN),
        ("next_region", NEXT_REGION_FN),
        ("interrupted", INTERRUPTED_FN),
        ("source_line", SOURCE_LINE_FN),
        ("find_mapping", FIND_MAPPING_FN),
        ("find_other_file", FIND_OTHER_FILE_FN),
        ("find_syscall", FIND_SYSCALL_FN),
    ]


class COptions(ctypes.Structure):
    """struct aiodbg_options"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("block_size", ctypes.c_uint32),
        ("cache_size", ctypes.c_uint64),
        ("retries", ctypes.c_uint32),
        ("interrupted", INTERRUPTED_FN),
        ("interrupted_ctx", ctypes.c_void_p),
    ]


class CSink(ctypes.Structure):
    """struct aiodbg_sink"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("ctx", ctypes.c_void_p),
        ("write", WRITE_FN),
        ("warn", WARN_FN),
        ("unicode", ctypes.c_int),
        ("interrupted", INTERRUPTED_FN),
        ("settings", ctypes.c_void_p),
        ("styled", ctypes.c_int),
        ("width", ctypes.c_uint32),
    ]


class CGraphOptions(ctypes.Structure):
    """struct aiodbg_graph_options"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("depth", ctypes.c_uint32),
        ("limit", ctypes.c_int32),
        ("has_limit", ctypes.c_int),
    ]


class CRequest(ctypes.Structure):
    """struct aiodbg_request"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("wants", ctypes.c_uint32),
        ("after", ctypes.c_uint32),
        ("subject", ctypes.c_char_p),
        ("tid", ctypes.c_uint64),
        ("loop", ctypes.c_uint64),
        ("value_length", ctypes.c_uint32),
        ("own", ctypes.c_char_p),
        ("context", ctypes.c_char_p),
    ]


class CRenderOptions(ctypes.Structure):
    """struct aiodbg_render_options"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("show", ctypes.c_uint32),
        ("id", ctypes.c_uint64),
        ("tid", ctypes.c_uint64),
        ("graph", ctypes.POINTER(CGraphOptions)),
    ]


class CGraphNode(ctypes.Structure):
    """struct aiodbg_graph_node"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("id", ctypes.c_uint64),
        ("is_task", ctypes.c_int),
        ("task", ctypes.c_size_t),
        ("first_frame", ctypes.c_size_t),
        ("end_frame", ctypes.c_size_t),
        ("link_count", ctypes.c_size_t),
    ]


class CGraphLink(ctypes.Structure):
    """struct aiodbg_graph_link"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("awaiter_id", ctypes.c_uint64),
        ("source", ctypes.c_uint32),
        ("is_shown", ctypes.c_int),
    ]


class CStats(ctypes.Structure):
    """struct aiodbg_stats"""

    _fields_ = [
        ("reads", ctypes.c_uint64),
        ("faults", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("cache_peak", ctypes.c_uint64),
    ]


class CProblem(ctypes.Structure):
    """struct aiodbg_problem"""


CProblem._fields_ = [
    ("next", ctypes.POINTER(CProblem)),
    ("code", ctypes.c_int),
    ("has_address", ctypes.c_int),
    ("address", ctypes.c_uint64),
    ("message", ctypes.c_char_p),
]


class CSnapshotInfo(ctypes.Structure):
    """struct aiodbg_snapshot_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("hexversion", ctypes.c_uint32),
        ("free_threaded", ctypes.c_int),
        ("debug", ctypes.c_int),
        ("kind", ctypes.c_uint32),
        ("pid", ctypes.c_uint32),
        ("complete", ctypes.c_int),
        ("task_count", ctypes.c_size_t),
        ("pending_count", ctypes.c_size_t),
        ("thread_count", ctypes.c_size_t),
        ("cycle_count", ctypes.c_size_t),
        ("problems", ctypes.POINTER(CProblem)),
    ]


class CTaskInfo(ctypes.Structure):
    """struct aiodbg_task_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("id", ctypes.c_uint64),
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
        ("thread", ctypes.c_size_t),
        ("interpreter", ctypes.c_int64),
        ("loop", ctypes.c_uint64),
        ("state", ctypes.c_uint32),
        ("cancel_requests", ctypes.c_int32),
        ("frame_count", ctypes.c_size_t),
        ("awaiter_count", ctypes.c_size_t),
        ("awaited_count", ctypes.c_size_t),
        ("problems", ctypes.POINTER(CProblem)),
        ("result", ctypes.c_char_p),
        ("exception", ctypes.c_char_p),
    ]


class CFrameInfo(ctypes.Structure):
    """struct aiodbg_frame_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("place", ctypes.c_uint64),
        ("function", ctypes.c_char_p),
        ("file", ctypes.c_char_p),
        ("kind", ctypes.c_uint32),
        ("line", ctypes.c_int32),
        ("end_line", ctypes.c_int32),
        ("column", ctypes.c_int32),
        ("end_column", ctypes.c_int32),
    ]


class CEdgeInfo(ctypes.Structure):
    """struct aiodbg_edge_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("task", ctypes.c_size_t),
        ("awaiter", ctypes.c_size_t),
        ("awaiter_id", ctypes.c_uint64),
        ("source", ctypes.c_uint32),
        ("via_count", ctypes.c_size_t),
        ("via", ctypes.POINTER(ctypes.c_uint64)),
        ("group", ctypes.c_uint64),
        ("only_started", ctypes.c_int),
        ("frame", ctypes.c_size_t),
    ]


class CThreadInfo(ctypes.Structure):
    """struct aiodbg_thread_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("tid", ctypes.c_uint64),
        ("interpreter", ctypes.c_int64),
        ("loop", ctypes.c_uint64),
        ("running_task", ctypes.c_uint64),
    ]


class CLocalInfo(ctypes.Structure):
    """struct aiodbg_local_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("value", ctypes.c_char_p),
    ]


class CCycleInfo(ctypes.Structure):
    """struct aiodbg_cycle_info"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("task_count", ctypes.c_size_t),
        ("deadlock", ctypes.c_int),
    ]


class CCommand(ctypes.Structure):
    """struct aiodbg_command"""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("summary", ctypes.c_char_p),
        ("usage", ctypes.c_char * USAGE_MAX),
        ("help", ctypes.c_char * HELP_MAX),
    ]


class CSetting(ctypes.Structure):
    """struct aiodbg_setting"""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("argument", ctypes.c_char_p),
        ("summary", ctypes.c_char_p),
        ("value", ctypes.c_char * SETTING_MAX),
    ]


# name: (result, arguments)
PROTOTYPES = {
    "aiodbg_interface": (ctypes.c_uint, []),
    "aiodbg_version": (ctypes.c_char_p, []),
    "aiodbg_open": (
        ctypes.c_int,
        [
            ctypes.POINTER(CTarget),
            ctypes.POINTER(COptions),
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_open_process": (
        ctypes.c_int,
        [
            ctypes.c_uint32,
            ctypes.POINTER(COptions),
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_open_core": (
        ctypes.c_int,
        [
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.POINTER(COptions),
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_core_open": (
        ctypes.c_int,
        [
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.POINTER(COptions),
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_core_target": (ctypes.POINTER(CTarget), [ctypes.c_void_p]),
    "aiodbg_core_close": (None, [ctypes.c_void_p]),
    "aiodbg_close": (None, [ctypes.c_void_p]),
    "aiodbg_get_stats": (None, [ctypes.c_void_p, ctypes.POINTER(CStats)]),
    "aiodbg_snapshot_create": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.POINTER(CRequest),
            ctypes.POINTER(CError),
            ctypes.POINTER(ctypes.c_void_p),
        ],
    ),
    "aiodbg_snapshot_destroy": (None, [ctypes.c_void_p]),
    "aiodbg_render": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.POINTER(CRenderOptions),
            ctypes.POINTER(CSink),
            ctypes.POINTER(CError),
        ],
    ),
    "aiodbg_snapshot_describe": (ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(CSnapshotInfo)]),
    "aiodbg_snapshot_task": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(CTaskInfo)],
    ),
    "aiodbg_snapshot_frame": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(CFrameInfo)],
    ),
    "aiodbg_snapshot_awaiter": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(CEdgeInfo)],
    ),
    "aiodbg_snapshot_awaited": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(CEdgeInfo)],
    ),
    "aiodbg_snapshot_local": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(CLocalInfo)],
    ),
    "aiodbg_snapshot_thread": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(CThreadInfo)],
    ),
    "aiodbg_snapshot_cycle": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(CCycleInfo)],
    ),
    "aiodbg_snapshot_cycle_task": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)],
    ),
    "aiodbg_snapshot_find": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(CError), ctypes.POINTER(ctypes.c_size_t)],
    ),
    "aiodbg_snapshot_complete": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_size_t),
            ctypes.c_char_p,
            ctypes.c_size_t,
        ],
    ),
    "aiodbg_graph_node": (
        ctypes.c_int,
        [
            ctypes.c_void_p,
            ctypes.c_uint64,
            ctypes.POINTER(CGraphOptions),
            ctypes.c_int,
            ctypes.POINTER(CGraphNode),
        ],
    ),
    "aiodbg_graph_task": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(CTaskInfo)],
    ),
    "aiodbg_graph_link": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t, ctypes.POINTER(CGraphLink)],
    ),
    "aiodbg_command_describe": (ctypes.c_int, [ctypes.c_uint, ctypes.POINTER(CCommand)]),
    "aiodbg_command_prefix": (ctypes.POINTER(CCommand), []),
    "aiodbg_settings_create": (ctypes.c_void_p, []),
    "aiodbg_settings_destroy": (None, [ctypes.c_void_p]),
    "aiodbg_settings_describe": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_uint, ctypes.POINTER(CSetting)],
    ),
    "aiodbg_settings_set": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(CError)],
    ),
    "aiodbg_command_complete": (
        ctypes.c_char_p,
        [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint],
    ),
    "aiodbg_command_word": (
        ctypes.c_int,
        [ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)],
    ),
    "aiodbg_command_run": (
        ctypes.c_int,
        [
            ctypes.POINTER(CTarget),
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.POINTER(CSink),
            ctypes.POINTER(CError),
        ],
    ),
}
