/* SPDX-License-Identifier: MIT */
/*
 * Every ceiling of the library, with its reason.
 *
 * Nothing in the target is trusted: a loop over its memory ends at one of these even
 * if the data says otherwise. Each is far above what a real program reaches; reaching
 * one is reported, never silent.
 */
#ifndef BASE_CEILINGS_H
#define BASE_CEILINGS_H

/* Smallest unit that is readable or not as a whole: pages of all supported targets are
 * multiples of it. */
#define LIMIT_PAGE_SIZE 4096

/* Bytes fetched by one read: a pool of CPython's allocator, which is full of objects of one
 * size, so what was not asked for is wanted soon. Larger blocks bring pools of other sizes
 * with them, that nobody asks for: of 64 KiB, 100,000 tasks need 60 % more bytes and no less
 * time. Of one page they need half as many calls again as long as all the rest. */
#define LIMIT_BLOCK_SIZE 16384

/* Target memory held at a time: the working set of a walk over objects in the order of
 * their creation is a few blocks, what is dropped is rarely wanted again. Memory that is
 * used again is still in the processor's caches, where a larger cache would need new. */
#define LIMIT_CACHE_SIZE (16ull << 20)

/* The same where waits are decoded: that comes back to all tasks several times, and each read
 * through a debugger costs as much as decoding a task. With more tasks than these, at 2 KiB each,
 * it would no longer hold them from one time to the next, and is as small as otherwise. */
#define LIMIT_CACHE_WAITS (256ull << 20)
#define LIMIT_CACHED_TASKS (LIMIT_CACHE_WAITS / 2048)
/* Frames of chains of awaits that are kept until then, of 80 bytes. */
#define LIMIT_CHAINS_KEPT 1000000

/* Memory of one snapshot. 20,000,000 tasks with four frames need 5 GB until they are decoded, and
 * 2 GB for the edges between them. What is left when a part of the work begins is shared with
 * those that follow, so that something is seen of each: of 16. */
#define LIMIT_ARENA_SIZE (8ull << 30)
#define LIMIT_ARENA_TASKS (LIMIT_ARENA_SIZE / 16 * 11)
#define LIMIT_ARENA_RUNNING (LIMIT_ARENA_SIZE / 16 * 12)
#define LIMIT_ARENA_EDGES (LIMIT_ARENA_SIZE / 16 * 14)
#define LIMIT_ARENA_CYCLES (LIMIT_ARENA_SIZE / 16 * 15)

/* Interpreters, and threads of all of them together. Linux allows 4 million threads;
 * nobody has that many with Python in them. */
#define LIMIT_INTERPRETERS 10000
#define LIMIT_THREADS 1000000

/* Tasks of one snapshot: ten times the most seen in a leaking service. */
#define LIMIT_TASKS 20000000

/* Coroutines that await each other within one task, and frames of a thread. Python's
 * recursion limit is 1,000 by default, and generators do not count all of theirs. */
#define LIMIT_FRAMES 200000

/* Frames of all tasks: twice 1,000,000 tasks with 50 of them. Tasks that share a chain of coroutines,
 * as they do in no program, would each have all of its frames. */
#define LIMIT_FRAMES_OF_ALL 100000000

/* Entries of one traceback: as deep as Python's recursion limit is by default. */
#define LIMIT_TRACEBACK 1000

/* Futures between a task and the tasks that are woken by it: gather in shield in
 * gather... */
#define LIMIT_FUTURES_BETWEEN 1000

/* Edges of the await graph: gather of 10,000 children that 10,000 tasks await would
 * need more. */
#define LIMIT_EDGES 50000000

/* Slots of a set table, and entries of a dict: room for LIMIT_TASKS. */
#define LIMIT_SET_SLOTS (1u << 26)
#define LIMIT_DICT_ENTRIES (1u << 25)

/* Parts of the table of a dict or set, of about 1 KB, that cannot be read, and are passed over for
 * the sake of the others: with more of them, its size is none. */
#define LIMIT_TABLE_GAPS 1000

/* Awaiters of one future that cannot be read, and are passed over for the sake of the others:
 * with more of them, what we look at is no list of awaiters. */
#define LIMIT_BAD_AWAITERS 100

/* Items of a tuple or list that we go through: closures, arguments, callbacks. */
#define LIMIT_SEQUENCE 4000000

/* Variables of a function, and values on the stack of a frame: generated code has some hundred. */
#define LIMIT_LOCALS 65536
#define LIMIT_STACK_VALUES 65536

/* Blocks that a place is in: CPython allows 20 that are nested, each of which may have been left for
 * its handler. */
#define LIMIT_BLOCKS 100

/* Managers of the with statements of one frame, and those that they keep: an exit stack may have
 * some thousand, and stacks that keep each other in a circle any number. */
#define LIMIT_MANAGERS 10000

/* Who can wake whom, over all: 100,000 tasks behind a semaphore of 200. Who waits behind more is
 * left open. */
#define LIMIT_WAKERS 20000000

/* Methods and partials that are wrapped around one another. */
#define LIMIT_CALLABLES 16

/* Base classes from a class to the one that CPython's C code knows. */
#define LIMIT_BASES 100

/* Members (PyMemberDef) of one type of an extension: Cython's coroutines have five. */
#define LIMIT_MEMBERS 100

/* Places in one compiled coroutine that it can go on from: Cython numbers its yields and awaits. */
#define LIMIT_RESUME_LABEL 1000000

/* Characters of a string that are decoded; the rest is cut, visibly. Names are shown on
 * one line: 64 Ki is far more than anybody reads, and PATH_MAX is 4,096. */
#define LIMIT_STRING 65536

/* Bytes of a C string, such as a type's name. */
#define LIMIT_C_STRING 256

/* Bytes of a location table: one entry of about 4 bytes for each instruction. The
 * largest function of the standard library needs 20 KB; generated code may need more. */
#define LIMIT_LINETABLE (16u << 20)

/* A value that is shown, as repr() would: characters in all, of a str or bytes, items of a container,
 * and containers in containers. Enough to recognise it. */
#define LIMIT_REPR 4000
#define LIMIT_REPR_STRING 200
#define LIMIT_REPR_ITEMS 8
#define LIMIT_REPR_DEPTH 3

/* The same of a local variable, of which a stack has many. */
#define LIMIT_REPR_BRIEF 80
#define LIMIT_REPR_BRIEF_ITEMS 5
#define LIMIT_REPR_BRIEF_DEPTH 1

/* Variables of one frame that are shown, and frames of one stack whose variables are: generated code
 * has hundreds of the first, a recursion without end as many of the second as there may be. */
#define LIMIT_LOCALS_SHOWN 1000
#define LIMIT_FRAMES_WITH_LOCALS 2000

/* The search for tasks that have ended: steps from a variable (self.pool.tasks needs three), and objects
 * over all: the variables of 100,000 tasks with what they lead to. */
#define LIMIT_FINISHED_DEPTH 3
#define LIMIT_FINISHED_OBJECTS 10000000

/* Bytes of a string that are searched for secrets: it is cut to LIMIT_REPR_STRING characters only
 * afterwards, so that half a password does not look like none. */
#define LIMIT_REDACTED 4096

/* Context variables of one task: web frameworks set about ten. Nodes of the tree that they are
 * in, which has five bits of a 32-bit hash for each level, and one more for collisions. */
#define LIMIT_CONTEXT_VARIABLES 1000
#define LIMIT_CONTEXT_NODES 10000
#define LIMIT_CONTEXT_LEVELS 8

/* Frames of the stack that created a task: asyncio keeps ten (constants.DEBUG_STACK_DEPTH). */
#define LIMIT_CREATION_FRAMES 1000

/* Bytes of a source line that is shown. */
#define LIMIT_SOURCE_LINE 400

/* Entries of the module linecache: one for each file, notebook cell or generated method. */
#define LIMIT_LINECACHE 20000

/* Characters of text, and bytes of location tables, in one snapshot: 1,000,000 tasks with names
 * of 1,000 characters. Else a core of megabytes in which each task is named by the same long
 * string would fill the arena, and nothing would be shown at all. */
#define LIMIT_TEXT_SIZE (1ull << 30)

/* Characters of the path of a source file in a text: PATH_MAX. */
#define LIMIT_FILE_SHOWN 4096

/* Bytes of text of frames that are kept while JSON is written, for other tasks that are at the same
 * places: 50,000 places are 15 MB. */
#define LIMIT_FRAME_TEXTS (16u << 20)

/* Levels of a tree: behind it, the indentation is wider than any screen, and would
 * grow with the square of the depth. The rest hangs under a new root. */
#define LIMIT_TREE_LEVELS 120

/* Characters of a name in a tree or table. */
#define LIMIT_NAME_SHOWN 200

/* Frames of a stack in a row of a table: Python's default limit on recursion, wider than anybody
 * reads. A task has a row for each that awaits it, with all frames of both. */
#define LIMIT_ROW_FRAMES 1000

/* Widest column of a table; a longer cell overflows its own row only. */
#define LIMIT_COLUMN 50

/* The same in an error, which is one line with several of them. */
#define LIMIT_NAME_IN_ERROR 32

/* Steps in the search for the names that are nearest to a wrong one: about half a second.
 * 1,000,000 tasks with names of 10 letters need 110 million at most. */
#define LIMIT_SPELLING_WORK 150000000

/* Tasks that one call looks at for a completion: a few milliseconds, between which the caller may
 * stop. */
#define LIMIT_COMPLETION_STEPS 65536

/* Problems that are kept, but for those of tasks: the first ones say what it is. */
#define LIMIT_PROBLEMS 10000

/* Addresses that the debugger is asked about: each may take it milliseconds. Those in a mapping that
 * it has told of are not asked about. */
#define LIMIT_MAPPINGS_ASKED 1000

/* Cycles that are listed, and tasks in them, over all. */
#define LIMIT_CYCLES 1000
#define LIMIT_CYCLE_TASKS 1000000

/* Objects between two questions whether the user wants to go on. */
#define LIMIT_INTERRUPT_INTERVAL 256

/*
 * Objects that are looked at for one snapshot, over all, since a few that are shared by many may
 * be looked at for each of these: a task that waits is 10 to 20 of them, each frame, callback
 * and member of a set is one. 20,000,000 tasks with four frames are about 400 million, 1,000,000
 * with 50 frames 80 million. What is hostile ends after one or two minutes.
 *
 * A call of the read callback takes as long as so many objects, and a look at a place that may be
 * the runtime as so many: memory may be full of what looks like it.
 */
#define LIMIT_WORK 1000000000
#define LIMIT_READ_WORK 64
#define LIMIT_TRY_WORK 16

/* Reads for one object that are compared with what is there afterwards. A task with a stack of
 * LIMIT_FRAMES needs more, and is believed. */
#define LIMIT_LOG 1000000

/* How often one object is decoded in the hope that it stays the same meanwhile. Each takes
 * microseconds: what changes more often does so all the time. */
#define LIMIT_TRIES 10

/* Awaiters that tell one future from a later one, over all futures between: whatever else
 * changes, the first of them do as well. */
#define LIMIT_IDENTITY 16

/* Steps through a list that led nowhere because it changed, over all and without one that
 * did: while a list of a million tasks is walked through, as many may be made and ended. */
#define LIMIT_STEPS_IN_A_ROW 1000
#define LIMIT_STEPS_IN_VAIN 1000000

/* Regions of memory that are searched for a runtime without symbols, and that the doctor looks
 * at: Linux allows 65,530 mappings by default. */
#define LIMIT_REGIONS 1000000

/* Unreadable bytes in a row, after which the rest of a region is not searched: a damaged core may
 * claim to have any number of them, each page of which takes a microsecond. */
#define LIMIT_SEARCH_GAP (16u << 20)

/* Text of /proc/PID/maps: 64 Ki mappings, which is the kernel's default limit, with paths of
 * PATH_MAX are that much. */
#define LIMIT_MAPS_SIZE (256u << 20)

/* The other files there are one to a few lines, or one line for each of a few things. */
#define LIMIT_PROC_FILE 65536

/* Of lists of sockets, with a line of 150 bytes for each. */
#define LIMIT_NET_FILE (64u << 20)

/* Program headers of an ELF file: Linux loads no program with more than 64 KiB of them. All are
 * looked through for each address. */
#define LIMIT_ELF_HEADERS 2048

/* Bytes of one table of an ELF file, of all its tables of symbols, and of all their names. The
 * symbols of a browser with all its own are 100 MB. */
#define LIMIT_ELF_TABLE (256u << 20)

/* Bytes of the names of its sections: of a hundred sections they are 1 KB. */
#define LIMIT_ELF_SECTION_NAMES (1u << 20)

/* Symbols with the same hash: linkers aim at four. */
#define LIMIT_ELF_CHAIN 65536

/* ELF files of a process that are looked into, and bytes of their tables for one name: programs
 * with all of machine learning in them have loaded 1,500, with some gigabytes of code, of which
 * symbols are a tenth. Each takes 30 microseconds, and again for each name. */
#define LIMIT_ELF_FILES 10000
#define LIMIT_ELF_LOOKED (2ull << 30)

/* Bytes of all ELF files of a process that are put together from memory, because the files are
 * gone: an interpreter with all its libraries linked in is 100 MB. */
#define LIMIT_ELF_IMAGES (512ull << 20)

/* Of a core that is unpacked: bytes of the whole with its holes, of what is stored of it in a file or,
 * where there is none, in memory; and what the library of xz may need for that. */
#define LIMIT_UNPACKED_SIZE (1ull << 40)
#define LIMIT_UNPACKED_FILE (64ull << 30)
#define LIMIT_UNPACKED_MEMORY (4ull << 30)
#define LIMIT_UNPACK_MEMORY (256ull << 20)

/* Notes of a core: ten for each of 200,000 threads. */
#define LIMIT_CORE_NOTES 2000000

/* Threads of a process that are watched for whether they run meanwhile: each look at one takes 30
 * microseconds. More of them are taken to run. */
#define LIMIT_THREADS_WATCHED 4096

/* Snapshots of a process that runs on, in search of one that is whole. */
#define LIMIT_RETRIES 1000

/* Between two looks at a process. */
#define LIMIT_SECONDS_BETWEEN 3600

/* Source files: how long a path may be, and how much of a file is read for one line. */
#define LIMIT_SOURCE_PATH 4096
#define LIMIT_SOURCE_FILE (16 << 20)

/* Attributes of an object that are searched for the future that a task waits for: objects of the
 * user's have a few, modules and namespaces thousands. */
/* Loops of which a listing says whether they poll. */
#define LIMIT_LOOPS_ASKED 256
#define LIMIT_ATTRIBUTES_ASKED 256

/* Entries of a loop's ready queue, of its timers and of an executor's queue that are named; the others
 * are counted. */
#define LIMIT_LOOP_ENTRIES 10000

/* Objects that are looked into for whoever has what a pool has given out. */
#define LIMIT_LEADS_OBJECTS 200000

/* References from a file to the future that somebody waits for, and objects on the way: streams
 * need three, an ASGI server six. */
#define LIMIT_WAKE_DEPTH 7
#define LIMIT_WAKE_OBJECTS 300
/* Bytes of an object made in C whose words are looked at on that way. */
#define LIMIT_WORDS_SEARCHED 2048

#endif
