/* SPDX-License-Identifier: MIT */
/*
 * libaiodbg: asyncio tasks of a CPython process, decoded from its memory.
 *
 * The library is given a target (struct aiodbg_target: a few callbacks that
 * read the memory of a stopped process or of a core file) and turns it into a
 * snapshot: every asyncio task, where it stands, what it awaits and who awaits
 * it. Nothing is executed in the target and nothing is written to it.
 *
 *	struct aiodbg *dbg;
 *	struct aiodbg_snapshot *snap;
 *
 *	aiodbg_open(&target, NULL, &err, &dbg);
 *	aiodbg_snapshot_create(dbg, NULL, &err, &snap);
 *	aiodbg_render(snap, "tree", NULL, &sink, &err);
 *	aiodbg_snapshot_destroy(snap);
 *	aiodbg_close(dbg);
 *
 * For a process on this machine there is a target ready, which needs no callbacks and does not
 * stop the process: aiodbg_open_process() instead of aiodbg_open(). tests/pidtree.c is a
 * whole program of that kind. So there is for a core file: aiodbg_open_core().
 *
 * Or, for a debugger that has a command line to run, just
 *
 *	aiodbg_command_run(&target, argc, argv, &sink, &err);
 *
 * Ownership
 *	struct aiodbg_target, aiodbg_options, aiodbg_request, aiodbg_render_options,
 *	aiodbg_sink and aiodbg_error are the caller's. aiodbg_open() copies target and options; the callbacks and
 *	their context must stay valid until aiodbg_close(). A sink is used only
 *	during the call it is passed to.
 *	struct aiodbg, struct aiodbg_core and struct aiodbg_snapshot are the library's, each freed by
 *	one call. A snapshot is immutable and owns all it holds: it may outlive
 *	the struct aiodbg it was made from. What aiodbg_snapshot_*() return of
 *	it, strings as well, is valid until it is destroyed.
 *	Strings returned by aiodbg_command_*() are static.
 *
 * Errors
 *	Functions that can fail return 0, or a status: positive values are
 *	enum aiodbg_status, negative values are whatever a callback of the caller
 *	returned, passed through unchanged. The caller's struct aiodbg_error (may
 *	be NULL) then holds a one-line message, and the target address that the
 *	failure is about, if there is one.
 *
 * Threads
 *	No global state. Two handles are independent; one handle must not be used
 *	from two threads at a time.
 */
#ifndef AIODBG_H
#define AIODBG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AIODBG_PUBLIC __attribute__((visibility("default")))
#else
#define AIODBG_PUBLIC
#endif

/*
 * Number of the interface described in this header. A program that binds the
 * library at run time (ctypes) compares it with aiodbg_interface().
 */
#define AIODBG_INTERFACE 7

enum aiodbg_status {
	AIODBG_OK = 0,
	/* Out of memory, in this library. */
	AIODBG_NO_MEMORY = 1,
	/* The caller passed something that makes no sense: a struct without
	 * its size, a missing callback. */
	AIODBG_INVALID = 2,
	/* The command line is wrong: unknown command, option or format. */
	AIODBG_USAGE = 3,
	/* Target memory that cannot be read. aiodbg_error.address is set. */
	AIODBG_FAULT = 4,
	/* Target memory that can be read but does not hold what it should.
	 * aiodbg_error.address is set. */
	AIODBG_CORRUPT = 5,
	/* No CPython runtime in the target; also what the find callbacks return
	 * for "there is none". */
	AIODBG_NOT_FOUND = 6,
	/* A CPython that this library does not know. */
	AIODBG_UNSUPPORTED = 7,
	/* A ceiling was reached. */
	AIODBG_LIMIT = 8,
	/* The interrupted callback said so. */
	AIODBG_INTERRUPTED = 9,
	/* A file could not be written (--output), or read: in /proc, or a core. */
	AIODBG_IO = 10,
	/* There is no such process, or it ended while it was read. */
	AIODBG_NO_PROCESS = 11,
	/* The system does not let us read the process; the message says why. */
	AIODBG_DENIED = 12,
	/* A ceiling on the whole was reached, such as on the work that one snapshot may be. What
	 * was decoded until then is there all the same, if anything was. */
	AIODBG_TOO_MUCH = 13,
	/* --fail-on: what it names was found. The output is whole. */
	AIODBG_MATCHED = 14,
};

#define AIODBG_MESSAGE_MAX 400

struct aiodbg_error {
	/* 0, enum aiodbg_status, or a negative value of the caller's. */
	int code;
	/* Nonzero if address means something. */
	int has_address;
	/* Target address that the failure is about. */
	uint64_t address;
	/* One line of UTF-8, lower case, no newline, NUL-terminated. */
	char message[AIODBG_MESSAGE_MAX];
};

/*
 * Read len bytes (at least 1) at target address addr into buf. The whole buffer
 * is filled or the call fails. Returns 0, AIODBG_FAULT if any of the bytes cannot
 * be read (the library then tries smaller pieces, and goes on), or a negative
 * value to stop all work and have that value returned to the caller.
 */
typedef int aiodbg_read_fn(void *ctx, uint64_t addr, void *buf, size_t len);

/*
 * Store in *ret the address of the index-th (from 0) definition of the symbol in
 * any file loaded by the target. Returns 0, AIODBG_NOT_FOUND, or a negative value.
 */
typedef int aiodbg_find_symbol_fn(void *ctx, const char *name, unsigned int index, uint64_t *ret);

/*
 * Store in *addr and *len the range of the index-th (from 0) section of that name
 * in any file loaded by the target. Returns 0, AIODBG_NOT_FOUND, or a negative
 * value.
 */
typedef int aiodbg_find_section_fn(void *ctx, const char *name, unsigned int index, uint64_t *addr,
				   uint64_t *len);

struct aiodbg_region {
	/* First address, and first address behind the region. */
	uint64_t start, end;
	/* Nonzero if the target may write there. Where that is not known, 1. */
	int writable;
};

/*
 * Store in *ret the readable region with the lowest end above addr: the one that
 * contains addr, or the next. Returns 0, AIODBG_NOT_FOUND behind the last region,
 * or a negative value.
 */
typedef int aiodbg_next_region_fn(void *ctx, uint64_t addr, struct aiodbg_region *ret);

#define AIODBG_FILE_MAX 256

/* Memory that belongs together, as far as the target knows. */
struct aiodbg_mapping {
	/* First address, and first address behind it. */
	uint64_t start, end;
	/* 1 if its contents should be there: that it may be read, or that a core has them. 0 if
	 * not, -1 if that is not known. */
	int has_contents;
	/* Path of the file that is mapped there, in UTF-8, NUL-terminated; "" if there is none,
	 * or if that is not known. */
	char file[AIODBG_FILE_MAX];
};

/*
 * Store in *ret what is mapped at addr, for a report on what could not be read. Returns 0,
 * AIODBG_NOT_FOUND if nothing is, or a negative value.
 */
typedef int aiodbg_find_mapping_fn(void *ctx, uint64_t addr, struct aiodbg_mapping *ret);

/* Room for a build id in hexadecimal digits. */
#define AIODBG_BUILD_ID_MAX 72

/* A file that the debugger takes for one of a core, though it is of another build. */
struct aiodbg_other_file {
	/* Its path on this machine, UTF-8, NUL-terminated. */
	char file[AIODBG_FILE_MAX];
	/* Build ids, of what was mapped and of the file: hexadecimal digits, NUL-terminated; ""
	 * if there is none. */
	char mapped_id[AIODBG_BUILD_ID_MAX], file_id[AIODBG_BUILD_ID_MAX];
	/* Nonzero if it is the executable, or libpython. */
	int is_program;
};

/*
 * Store in *ret the index-th (from 0) such file, those of the program first. Neither the symbols
 * and sections nor the bytes of such a file are to be given. Returns 0, AIODBG_NOT_FOUND, or a
 * negative value.
 */
typedef int aiodbg_find_other_file_fn(void *ctx, unsigned int index, struct aiodbg_other_file *ret);

/*
 * The system call that a thread was in, as its registers tell: the numbers are those of x86-64, the
 * machine for which this is done. A process of this machine is asked by the library itself.
 */
struct aiodbg_syscall {
	/* Negative: it was in none. */
	int64_t number;
	uint64_t arguments[6];
	uint64_t stack_pointer;
};

/*
 * The system call of the thread that has that kernel's id, of a core. AIODBG_NOT_FOUND if that is not
 * known.
 */
typedef int aiodbg_find_syscall_fn(void *ctx, uint64_t tid, struct aiodbg_syscall *ret);

/*
 * Called every few hundred objects. Return 0 to go on; anything else ends the work
 * with AIODBG_INTERRUPTED, or with the returned value if that is negative.
 */
typedef int aiodbg_interrupted_fn(void *ctx);

/*
 * Store in buf the text of a line (from 1) of a source file, under the path that the target
 * knows it by: UTF-8, without its newline, NUL-terminated, cut to size bytes. Returns 0,
 * AIODBG_NOT_FOUND, AIODBG_CORRUPT if the file is newer than the process or core, or a negative
 * value.
 */
typedef int aiodbg_source_line_fn(void *ctx, const char *path, uint32_t line, char *buf,
				  size_t size);

enum aiodbg_byte_order {
	AIODBG_LITTLE_ENDIAN = 1,
	AIODBG_BIG_ENDIAN = 2,
};

enum aiodbg_target_kind {
	AIODBG_TARGET_PROCESS = 1,
	AIODBG_TARGET_CORE = 2,
};

struct aiodbg_target {
	/* sizeof(struct aiodbg_target). */
	size_t size;
	/* First argument of every callback. */
	void *ctx;
	/* Bytes in a pointer of the target: 4 or 8. */
	uint32_t word_size;
	/* enum aiodbg_byte_order, of the target. */
	uint32_t byte_order;
	/* enum aiodbg_target_kind. */
	uint32_t kind;
	/* Process id, or 0 if not known. */
	uint32_t pid;
	/* Process id of a target on this machine that may be read directly, which is faster
	 * than any debugger; 0 if there is none. Where the system refuses, read is used. */
	uint32_t local_pid;
	/* The kernel's id of the thread that the user has selected, or 0 if there is none. */
	uint32_t tid;
	/* Name and version of what reads the target, UTF-8, for reports: "GDB 13.1". May be
	 * NULL. */
	const char *debugger;
	/* How its user gives it the files of a program from another machine, UTF-8, for advice:
	 * "`set sysroot FOLDER`, `file EXECUTABLE`". May be NULL. */
	const char *giving_files;
	/* Required. */
	aiodbg_read_fn *read;
	/* The others may be NULL: then there are no symbols, no sections, no list
	 * of regions, no interruption, no source lines, no mappings, no other files and no system calls. One of find_symbol, find_section and
	 * next_region is needed to find the runtime. */
	aiodbg_find_symbol_fn *find_symbol;
	aiodbg_find_section_fn *find_section;
	aiodbg_next_region_fn *next_region;
	aiodbg_interrupted_fn *interrupted;
	aiodbg_source_line_fn *source_line;
	aiodbg_find_mapping_fn *find_mapping;
	aiodbg_find_other_file_fn *find_other_file;
	aiodbg_find_syscall_fn *find_syscall;
};

struct aiodbg_options {
	/* sizeof(struct aiodbg_options). */
	size_t size;
	/* Bytes fetched by one call of the read callback: a power of two from
	 * 4096 to 65536, or 0 for the default. */
	uint32_t block_size;
	/* Bytes of target memory held at a time, or 0 for the default. */
	uint64_t cache_size;
	/* For a target that runs on: how often a snapshot is taken anew in which something
	 * could not be read, in search of one that is whole; at most 1000. Each may need as
	 * long as the first. */
	uint32_t retries;
	/* For aiodbg_open_process() and those of cores, as in struct aiodbg_target, with a first
	 * argument of its own. May be NULL. */
	aiodbg_interrupted_fn *interrupted;
	void *interrupted_ctx;
};

struct aiodbg_settings;

/*
 * What a part of a text is, for sinks that are styled: such a part follows AIODBG_STYLE_BEGIN and a
 * letter, 'A' for AIODBG_ROLE_TASK and so on, and is followed by AIODBG_STYLE_END. Parts are not nested.
 * Neither byte can come from the target.
 */
enum aiodbg_role {
	AIODBG_ROLE_TASK = 0,
	AIODBG_ROLE_ID = 1,
	AIODBG_ROLE_FUNCTION = 2,
	AIODBG_ROLE_FILE = 3,
	AIODBG_ROLE_LINE = 4,
	AIODBG_ROLE_HEADING = 5,
	/* Frames of libraries, counted. */
	AIODBG_ROLE_LIBRARY = 6,
	/* Heading of a verdict. */
	AIODBG_ROLE_VERDICT = 7,
};

#define AIODBG_STYLE_BEGIN '\001'
#define AIODBG_STYLE_END '\002'

/*
 * Where text goes. write gets UTF-8 in pieces of any size, not NUL-terminated, and
 * returns 0 or a negative value, which ends the output and is passed through.
 */
struct aiodbg_sink {
	/* sizeof(struct aiodbg_sink). */
	size_t size;
	/* First argument of write and warn. */
	void *ctx;
	int (*write)(void *ctx, const char *text, size_t len);
	/* One line (no newline, NUL-terminated) that does not belong to the
	 * output. May be NULL. */
	void (*warn)(void *ctx, const char *line);
	/* Nonzero if the reader of the output can display any character. If 0,
	 * only ASCII is written: trees are drawn with ASCII and other characters
	 * escaped. */
	int unicode;
	/* Asked while aiodbg_command_run() reads a process by its PID, as the callback of that
	 * name in struct aiodbg_target is for a target. May be NULL. */
	aiodbg_interrupted_fn *interrupted;
	/* What commands go by where their options do not say it. May be NULL. */
	struct aiodbg_settings *settings;
	/* Nonzero: parts of the text are marked by what they are: see enum aiodbg_role. */
	int styled;
	/* Columns of the terminal that the text is for, where lists are made to fit; 0: it is not for
	 * one, or that is not known: nothing is cut. */
	uint32_t width;
};

struct aiodbg_stats {
	/* Calls of the read callback, those of them that failed, bytes got. */
	uint64_t reads, faults, bytes;
	/* The most target memory ever held at a time, in bytes. */
	uint64_t cache_peak;
};

struct aiodbg;
struct aiodbg_core;
struct aiodbg_snapshot;

/* AIODBG_INTERFACE of the library that is running. */
AIODBG_PUBLIC unsigned int aiodbg_interface(void);

/* Version of the library, such as "0.1.0". */
AIODBG_PUBLIC const char *aiodbg_version(void);

/*
 * Find the CPython runtime of the target. options may be NULL. On success *ret is
 * to be freed with aiodbg_close(). Errors: AIODBG_NOT_FOUND if there is no runtime,
 * AIODBG_UNSUPPORTED for a version without a layout, AIODBG_CORRUPT if what the
 * target publishes of its layout contradicts itself.
 */
AIODBG_PUBLIC int aiodbg_open(const struct aiodbg_target *target,
			      const struct aiodbg_options *options, struct aiodbg_error *err,
			      struct aiodbg **ret);
AIODBG_PUBLIC void aiodbg_close(struct aiodbg *dbg);

/*
 * Find the CPython runtime of a process on this machine (Linux), given its id, without a
 * debugger: it is neither attached to nor stopped, and need not be a child. A thread's id
 * will do as well. options may be NULL: then a snapshot is taken once, however much of it is
 * torn. On success *ret is to be freed with aiodbg_close(). Errors, besides those of
 * aiodbg_open(): AIODBG_NO_PROCESS, which aiodbg_snapshot_create() then may return as well,
 * AIODBG_DENIED, and AIODBG_INVALID for a number that is no process id.
 */
AIODBG_PUBLIC int aiodbg_open_process(uint32_t pid, const struct aiodbg_options *options,
				      struct aiodbg_error *err, struct aiodbg **ret);

/*
 * Find the CPython runtime in an ELF core, without a debugger. What the core lacks is read from the
 * files that were mapped, under their paths on this machine or, unless sysroot is NULL, below that
 * folder; each only if its build id is the one in the core. options may be NULL. On success *ret
 * is to be freed with aiodbg_close(). Errors, besides those of aiodbg_open(): AIODBG_IO if the file
 * cannot be read, AIODBG_UNSUPPORTED if it is no core.
 */
AIODBG_PUBLIC int aiodbg_open_core(const char *path, const char *sysroot,
				   const struct aiodbg_options *options, struct aiodbg_error *err,
				   struct aiodbg **ret);

/*
 * The same core as a target, for aiodbg_command_run(): valid until aiodbg_core_close(). The core
 * keeps one file open, and some of those that were mapped.
 */
AIODBG_PUBLIC int aiodbg_core_open(const char *path, const char *sysroot,
				   const struct aiodbg_options *options, struct aiodbg_error *err,
				   struct aiodbg_core **ret);
AIODBG_PUBLIC const struct aiodbg_target *aiodbg_core_target(const struct aiodbg_core *core);
AIODBG_PUBLIC void aiodbg_core_close(struct aiodbg_core *core);

/* What was read so far. */
AIODBG_PUBLIC void aiodbg_get_stats(const struct aiodbg *dbg, struct aiodbg_stats *ret);

/* What a snapshot has besides all tasks: bits of aiodbg_request.wants. */
enum aiodbg_want {
	/* Everything that can be known of the subject, which has to be a task. */
	AIODBG_WANT_DETAIL = 1,
	/* What each task and thread waits for, who holds it, and what the event loops do. */
	AIODBG_WANT_WAITS = 2,
	/* Where each thread is and what it does; needs AIODBG_WANT_WAITS. */
	AIODBG_WANT_THREADS = 4,
	/* What each event loop has to do; needs AIODBG_WANT_WAITS. */
	AIODBG_WANT_LOOPS = 8,
	/* Which frames are the program's own, and which requests tasks serve. */
	AIODBG_WANT_OWN = 16,
	/* The local variables of each frame of the subject, or of the thread that was asked for. */
	AIODBG_WANT_LOCALS = 32,
	/* Values as they are: without it, secrets in them are hidden. */
	AIODBG_WANT_SECRETS = 64,
	/* Tasks that have ended, as far as variables of frames and what they refer to still lead to
	 * them, and how they ended. */
	AIODBG_WANT_FINISHED = 128,
	/* Values of those context variables that aiodbg_request.context names. */
	AIODBG_WANT_CONTEXT = 256,
	/* What is wrong, for AIODBG_SHOW_WHY; needs AIODBG_WANT_WAITS. */
	AIODBG_WANT_VERDICTS = 512,
};

/* What is not asked for is not decoded. */
struct aiodbg_request {
	/* sizeof(struct aiodbg_request). */
	size_t size;
	/* Bits of enum aiodbg_want. */
	uint32_t wants;
	/* Of a process that runs, by its id, whose waits are wanted: look at it again so many
	 * milliseconds later, at least 100, and judge what did not change in between. 0: one
	 * look. */
	uint32_t after;
	/* The task or future that is of interest, in UTF-8: an id or address ("0x7f.."), to which
	 * nothing else need lead, or a name that one task has. NULL if there is none. */
	const char *subject;
	/* With AIODBG_WANT_THREADS: the kernel's id of the thread whose stack is wanted with the lines
	 * of its source, or 0. */
	uint64_t tid;
	/* With AIODBG_WANT_LOOPS: address of the event loop of which all is wanted, or 0. */
	uint64_t loop;
	/* Characters of a local variable's value; 0: 80. */
	uint32_t value_length;
	/* Files that are the program's own besides those that are anyway: "PATTERN:PATTERN", parts of
	 * paths or globs. May be NULL. */
	const char *own;
	/* With AIODBG_WANT_CONTEXT: names of context variables, separated by commas. */
	const char *context;
};

/*
 * Decode all tasks. Memory that was read before is not trusted to be still the
 * same: every snapshot reads anew. Damaged objects do not make this fail; they are
 * in the snapshot with the reason. With aiodbg_options.retries the snapshot is the one
 * of several with the most tasks that are whole. request may be NULL. On success *ret is to be
 * freed with aiodbg_snapshot_destroy(). Errors if there is a subject: those of
 * aiodbg_snapshot_find(), and AIODBG_CORRUPT or AIODBG_FAULT if at its address there is neither a
 * task nor a future.
 */
AIODBG_PUBLIC int aiodbg_snapshot_create(struct aiodbg *dbg, const struct aiodbg_request *request,
					 struct aiodbg_error *err, struct aiodbg_snapshot **ret);
AIODBG_PUBLIC void aiodbg_snapshot_destroy(struct aiodbg_snapshot *snap);

/*
 * ---- What is in a snapshot ----
 *
 * Tasks, threads and cycles have numbers from 0, tasks in the order in which ps shows them;
 * frames, awaiters and awaited have numbers from 0 in each task. A function that describes
 * one thing fills a struct whose size member the caller has set to its sizeof, so that the
 * struct can grow: members that the library does not know stay as they are. It returns 0,
 * AIODBG_NOT_FOUND behind the last, or AIODBG_INVALID for a struct without its size. None
 * reads the target or allocates memory, and each takes a few nanoseconds, except that
 * aiodbg_snapshot_describe() and aiodbg_snapshot_find() look at all tasks.
 *
 * Strings and arrays belong to the snapshot. Strings are NUL-terminated and come from the
 * target unchecked: they may hold control characters and whatever else Python's str does,
 * in UTF-8 except that a NUL is two bytes (c0 80) and a lone surrogate is three. Addresses
 * are the target's. What could not be read, or what the version does not have, is NULL, 0 or
 * -1, as said there.
 */

/* The number of no task or thread. */
#define AIODBG_NONE ((size_t)-1)

/* Something that could not be read. */
struct aiodbg_problem {
	/* NULL behind the last. */
	struct aiodbg_problem *next;
	/* enum aiodbg_status. */
	int code;
	/* Nonzero if address means something. */
	int has_address;
	uint64_t address;
	/* One line. */
	const char *message;
};

struct aiodbg_snapshot_info {
	/* sizeof(struct aiodbg_snapshot_info). */
	size_t size;
	/* sys.hexversion: 0x030e00f0 is 3.14.0. */
	uint32_t hexversion;
	/* 0 or 1. */
	int free_threaded;
	/* 0 or 1 if it is a debug build; -1 if that is not known. */
	int debug;
	/* enum aiodbg_target_kind, and process id or 0. */
	uint32_t kind;
	uint32_t pid;
	/* 0 if something could not be read: see problems, here and of the tasks; or if a stack ends
	 * in a frame of AIODBG_FRAME_FOREIGN. */
	int complete;
	size_t task_count;
	/* Tasks that are not finished and not cancelled: those that ps shows. */
	size_t pending_count;
	size_t thread_count;
	size_t cycle_count;
	/* What is missing, apart from what tasks say themselves. */
	const struct aiodbg_problem *problems;
};

enum aiodbg_task_state {
	/* Could not be read. */
	AIODBG_TASK_UNKNOWN = 0,
	AIODBG_TASK_PENDING = 1,
	/* On the stack of a thread. */
	AIODBG_TASK_RUNNING = 2,
	AIODBG_TASK_FINISHED = 3,
	AIODBG_TASK_CANCELLED = 4,
};

struct aiodbg_task_info {
	/* sizeof(struct aiodbg_task_info). */
	size_t size;
	/* Address of the Task. */
	uint64_t id;
	/* NULL where they cannot be read. */
	const char *name, *type;
	/* Number of the thread that runs its loop, or else that it was made in; AIODBG_NONE if
	 * that is gone. */
	size_t thread;
	/* Id of the interpreter, which is 0 for the main one. */
	int64_t interpreter;
	/* Address of its event loop, or 0. */
	uint64_t loop;
	/* enum aiodbg_task_state. */
	uint32_t state;
	/* Calls of cancel(), less those of uncancel(); -1 before 3.11. */
	int32_t cancel_requests;
	/* Frames of its stack; edges to tasks that await it, and from tasks that it awaits. */
	size_t frame_count, awaiter_count, awaited_count;
	/* What could not be read of it; NULL if all could. */
	const struct aiodbg_problem *problems;
	/* How it ended, of a snapshot that has AIODBG_WANT_FINISHED: what it returned or raised, as
	 * text; NULL of all others. */
	const char *result, *exception;
};

enum aiodbg_frame_kind {
	AIODBG_FRAME_FUNCTION = 1,
	AIODBG_FRAME_GENERATOR = 2,
	AIODBG_FRAME_COROUTINE = 3,
	AIODBG_FRAME_ASYNC_GENERATOR = 4,
	/* What a task awaits goes on in an object that cannot be followed: function is its type and
	 * address. */
	AIODBG_FRAME_FOREIGN = 5,
};

struct aiodbg_frame_info {
	/* sizeof(struct aiodbg_frame_info). */
	size_t size;
	/* The same for all frames of a snapshot that stand at the same place in the same code:
	 * all else that is said of them is the same then. Never 0. */
	uint64_t place;
	/* Qualified name (before 3.11 the generator's own), and file name of the code; NULL where
	 * they cannot be read. */
	const char *function, *file;
	/* enum aiodbg_frame_kind. */
	uint32_t kind;
	/* As code.co_positions(): lines from 1, columns in bytes from 0; -1: not known. */
	int32_t line, end_line, column, end_column;
};

/* Bits of aiodbg_edge_info.source: how an edge is known. */
enum aiodbg_edge_source {
	/* CPython's own record, from 3.14 on. */
	AIODBG_SOURCE_AWAITED_BY = 1,
	/* A callback that will wake the awaiter. */
	AIODBG_SOURCE_CALLBACK = 2,
};

/* A task that another awaits. */
struct aiodbg_edge_info {
	/* sizeof(struct aiodbg_edge_info). */
	size_t size;
	/* Number of the task that is awaited. */
	size_t task;
	/* Number of the task that awaits it; AIODBG_NONE if it is a future that nobody awaits. */
	size_t awaiter;
	/* Address of either. */
	uint64_t awaiter_id;
	/* Bits of enum aiodbg_edge_source. */
	uint32_t source;
	/* Addresses of the futures in between, from the awaited task on. */
	size_t via_count;
	const uint64_t *via;
	/* The task group of the awaiter's that owns the task; 0: none. */
	uint64_t group;
	/* Nonzero if the awaiter does not wait for the task yet: it has started it, and is still in
	 * the body of the async with that has the group. */
	int only_started;
	/* Then the awaiter's frame that this is in; AIODBG_NONE if it is not known. */
	size_t frame;
};

struct aiodbg_thread_info {
	/* sizeof(struct aiodbg_thread_info). */
	size_t size;
	/* The kernel's thread id; 0 if it is not known. */
	uint64_t tid;
	/* Id of its interpreter; -1 if that is not known. */
	int64_t interpreter;
	/* Addresses of the event loop that it runs, and of the task that this runs; or 0. */
	uint64_t loop, running_task;
};

/* Tasks of which each awaits the next, and the last the first. */
struct aiodbg_cycle_info {
	/* sizeof(struct aiodbg_cycle_info). */
	size_t size;
	size_t task_count;
	/* 1 if each is really blocked by the next; 0 if that is only on record for some. */
	int deadlock;
};

/* A local variable of a frame. */
struct aiodbg_local_info {
	/* sizeof(struct aiodbg_local_info). */
	size_t size;
	/* Its name, and its value as repr() would show it, in at most 80 characters. */
	const char *name, *value;
};

AIODBG_PUBLIC int aiodbg_snapshot_describe(const struct aiodbg_snapshot *snap,
					   struct aiodbg_snapshot_info *ret);
AIODBG_PUBLIC int aiodbg_snapshot_task(const struct aiodbg_snapshot *snap, size_t index,
				       struct aiodbg_task_info *ret);
/* The index-th frame of a task's stack: 0 is the innermost. */
AIODBG_PUBLIC int aiodbg_snapshot_frame(const struct aiodbg_snapshot *snap, size_t task,
					size_t index, struct aiodbg_frame_info *ret);
/* The index-th edge to a task or future that awaits the task. */
AIODBG_PUBLIC int aiodbg_snapshot_awaiter(const struct aiodbg_snapshot *snap, size_t task,
					  size_t index, struct aiodbg_edge_info *ret);
/* The index-th edge from a task that the task awaits. */
AIODBG_PUBLIC int aiodbg_snapshot_awaited(const struct aiodbg_snapshot *snap, size_t task,
					  size_t index, struct aiodbg_edge_info *ret);
/* The index-th variable of a frame of the subject, of a snapshot that has AIODBG_WANT_DETAIL and
 * AIODBG_WANT_LOCALS. */
AIODBG_PUBLIC int aiodbg_snapshot_local(const struct aiodbg_snapshot *snap, size_t frame,
					size_t index, struct aiodbg_local_info *ret);
AIODBG_PUBLIC int aiodbg_snapshot_thread(const struct aiodbg_snapshot *snap, size_t index,
					 struct aiodbg_thread_info *ret);
AIODBG_PUBLIC int aiodbg_snapshot_cycle(const struct aiodbg_snapshot *snap, size_t index,
					struct aiodbg_cycle_info *ret);
/* Store in *ret the number of the index-th task of a cycle. */
AIODBG_PUBLIC int aiodbg_snapshot_cycle_task(const struct aiodbg_snapshot *snap, size_t cycle,
					     size_t index, size_t *ret);

/*
 * Store in *ret the number of the task that text means: an id ("0x7f.."), or a name that one
 * task has, as it is or as the commands show it. Errors: AIODBG_NOT_FOUND with the nearest
 * names, AIODBG_USAGE with the ids if several have that name, AIODBG_NO_MEMORY.
 */
AIODBG_PUBLIC int aiodbg_snapshot_find(const struct aiodbg_snapshot *snap, const char *text,
				       struct aiodbg_error *err, size_t *ret);

/* As the parameters of asyncio.print_call_graph(). */
struct aiodbg_graph_options {
	/* sizeof(struct aiodbg_graph_options). */
	size_t size;
	/* Frames to leave out of a running task's call stack, the innermost first. As there, 1
	 * stands for the caller, who is the innermost here: 0 and 1 leave out none. */
	uint32_t depth;
	/* If has_limit is not 0: frames of each call stack to keep at most. Positive: those next
	 * to the outermost; negative: those next to the innermost; 0: none. */
	int32_t limit;
	int has_limit;
};

/* What is shown of a snapshot. */
enum aiodbg_show {
	/* All tasks: "table", "tree" or "json". */
	AIODBG_SHOW_TASKS = 0,
	/* The call graph of a task or future, and of all that await it, as
	 * asyncio.print_call_graph() writes it: "text". Where CPython records awaiters (3.14),
	 * these are shown; where it does not, those that are known from callbacks. */
	AIODBG_SHOW_GRAPH = 1,
	/* All that is known of the task that the snapshot has AIODBG_WANT_DETAIL of: "text",
	 * "json". */
	AIODBG_SHOW_TASK = 2,
	/* What is wrong, of a snapshot that has AIODBG_WANT_VERDICTS: "text", "json". */
	AIODBG_SHOW_WHY = 3,
	/* Threads, or the one that was asked for, of a snapshot that has AIODBG_WANT_THREADS: "text",
	 * "json". */
	AIODBG_SHOW_THREADS = 4,
	/* Event loops, or the one that was asked for, of a snapshot that has AIODBG_WANT_LOOPS: "text",
	 * "json". */
	AIODBG_SHOW_LOOPS = 5,
};

struct aiodbg_render_options {
	/* sizeof(struct aiodbg_render_options). */
	size_t size;
	/* enum aiodbg_show. */
	uint32_t show;
	/*
	 * The others are for AIODBG_SHOW_GRAPH. id is the address of the task or future; 0 stands
	 * for the subject of the snapshot or, if it has none, for the task that runs in the thread
	 * with that id (the kernel's) or, if that runs none, for those that run in any thread.
	 */
	uint64_t id, tid;
	/* May be NULL. */
	const struct aiodbg_graph_options *graph;
};

/*
 * Write the snapshot in a format; NULL is the first that there is of what is shown. options may be
 * NULL. Errors: AIODBG_USAGE for an unknown format, AIODBG_INVALID for a snapshot without what is
 * to be shown, AIODBG_NOT_FOUND if it has no such task or future, and what the sink returns.
 */
AIODBG_PUBLIC int aiodbg_render(const struct aiodbg_snapshot *snap, const char *format,
				const struct aiodbg_render_options *options,
				const struct aiodbg_sink *sink, struct aiodbg_error *err);

/*
 * Completion of a task: write into buf, of size bytes (1,024 are enough), a text that
 * aiodbg_snapshot_find() takes and that begins with word: ids if word begins with "0", else
 * names as the commands show them, in ASCII if unicode is 0. *from is the number of the first
 * task to look at, and is moved behind the one that was found, so that the next call finds the
 * next. A name that several have comes as often. After some thousand tasks of which none fits the
 * text is empty, so that whoever waits can be asked. Returns 0, AIODBG_NOT_FOUND behind the last,
 * or AIODBG_NO_MEMORY.
 */
AIODBG_PUBLIC int aiodbg_snapshot_complete(const struct aiodbg_snapshot *snap, const char *word,
					   int unicode, size_t *from, char *buf, size_t size);

/* A task or future as call graphs have it. */
struct aiodbg_graph_node {
	/* sizeof(struct aiodbg_graph_node). */
	size_t size;
	/* Its address. */
	uint64_t id;
	/* 1 for a task, 0 for a plain future. */
	int is_task;
	/* Number of the task; AIODBG_NONE for a future, and for a finished task that is not in
	 * the list of tasks since nobody awaits it: aiodbg_graph_task() describes both kinds. */
	size_t task;
	/* The call stack: frames of the task, from first_frame up to end_frame, which is not one
	 * of them. */
	size_t first_frame, end_frame;
	/* Tasks and futures that await it directly. */
	size_t link_count;
};

struct aiodbg_graph_link {
	/* sizeof(struct aiodbg_graph_link). */
	size_t size;
	/* Address of a task or future that awaits it: another node. */
	uint64_t awaiter_id;
	/* Bits of enum aiodbg_edge_source. */
	uint32_t source;
	/* 1 if call graphs have it: see AIODBG_SHOW_GRAPH. */
	int is_shown;
};

/*
 * What AIODBG_SHOW_GRAPH writes, node by node, for callers that make something else of it:
 * in the way of aiodbg_snapshot_task() and its like. is_root is not 0 for the task that the graph
 * is asked of, of which depth is meant. Nodes can await each other in circles.
 */
AIODBG_PUBLIC int aiodbg_graph_node(const struct aiodbg_snapshot *snap, uint64_t id,
				    const struct aiodbg_graph_options *options, int is_root,
				    struct aiodbg_graph_node *ret);
AIODBG_PUBLIC int aiodbg_graph_task(const struct aiodbg_snapshot *snap, uint64_t id,
				    struct aiodbg_task_info *ret);
AIODBG_PUBLIC int aiodbg_graph_link(const struct aiodbg_snapshot *snap, uint64_t id, size_t index,
				    struct aiodbg_graph_link *ret);

#define AIODBG_USAGE_MAX 1024
#define AIODBG_HELP_MAX 8192

/* A command as the user sees it. Pointers lead to static strings. */
struct aiodbg_command {
	/* "ps" */
	const char *name;
	/* One sentence with a full stop. */
	const char *summary;
	/* "[PID] [--json] [--output FILE]" */
	char usage[AIODBG_USAGE_MAX];
	/* Paragraphs and list of options, each line ending in a newline. */
	char help[AIODBG_HELP_MAX];
};

/*
 * Describe the index-th (from 0) command. Returns 0, or AIODBG_NOT_FOUND behind the
 * last.
 */
AIODBG_PUBLIC int aiodbg_command_describe(unsigned int index, struct aiodbg_command *ret);

/* Summary and help of the prefix command "asyncio" itself. */
AIODBG_PUBLIC const struct aiodbg_command *aiodbg_command_prefix(void);

/*
 * What `asyncio set` changes, for as long as the caller keeps it: pass it in a sink. NULL: no memory.
 */
AIODBG_PUBLIC struct aiodbg_settings *aiodbg_settings_create(void);
AIODBG_PUBLIC void aiodbg_settings_destroy(struct aiodbg_settings *settings);

#define AIODBG_SETTING_MAX 512

/* A setting as the user sees it. Pointers lead to static strings. */
struct aiodbg_setting {
	/* "frames" */
	const char *name;
	/* Its values: "all|own", "N". */
	const char *argument;
	/* One sentence with a full stop. */
	const char *summary;
	/* What it is now; "" for an empty text. */
	char value[AIODBG_SETTING_MAX];
};

/* Describe the index-th (from 0) setting. Returns 0, or AIODBG_NOT_FOUND behind the last. */
AIODBG_PUBLIC int aiodbg_settings_describe(const struct aiodbg_settings *settings,
					   unsigned int index, struct aiodbg_setting *ret);

/* Change one. Errors: AIODBG_USAGE for a name or value that there is none of. */
AIODBG_PUBLIC int aiodbg_settings_set(struct aiodbg_settings *settings, const char *name,
				      const char *value, struct aiodbg_error *err);

/*
 * The index-th (from 0) completion of word, as an argument of the command of that
 * name behind the word previous ("" if there is none), or NULL.
 */
AIODBG_PUBLIC const char *aiodbg_command_complete(const char *command, const char *previous,
						  const char *word, unsigned int index);

/* What a word of a command line is. */
enum aiodbg_word_kind {
	/* Nothing that could be completed. */
	AIODBG_WORD_OTHER = 0,
	/* An option, or one of a few values: aiodbg_command_complete() knows them. */
	AIODBG_WORD_CHOICE = 1,
	/* A file. */
	AIODBG_WORD_FILE = 2,
	/* A task, which aiodbg_snapshot_complete() knows, or an option. */
	AIODBG_WORD_TASK = 3,
};

/*
 * What the last of argc words is, which is being typed and may be empty; the others are the
 * arguments of the command before it. Returns enum aiodbg_word_kind.
 */
AIODBG_PUBLIC int aiodbg_command_word(const char *command, int argc, const char *const *argv);

/*
 * Run one command. argv[0] is its name ("ps"), the others are its arguments, argc
 * counts all. target may be NULL if there is none: help works without one, and what has a
 * PID.
 * Everything that a command prints goes to the sink; a failure is in err, not in
 * the output.
 */
AIODBG_PUBLIC int aiodbg_command_run(const struct aiodbg_target *target, int argc,
				     const char *const *argv, const struct aiodbg_sink *sink,
				     struct aiodbg_error *err);

#ifdef __cplusplus
}
#endif

#endif
