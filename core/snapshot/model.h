/* SPDX-License-Identifier: MIT */
/*
 * A snapshot: all that was decoded, immutable, in one arena. Renderers know this file and
 * no Python.
 */
#ifndef SNAPSHOT_MODEL_H
#define SNAPSHOT_MODEL_H

#include "asyncio/find_tasks.h"
#include "base/arena.h"
#include "base/output.h"
#include "cpython/interp.h"

#define MODEL_FRAMEWORKS 4
#define MODEL_CHILDREN 16

struct context_variable {
	const char *name, *value;
};

struct task {
	uint64_t id;
	/* Place in snapshot.tasks. */
	size_t index;
	/* NULL where they cannot be read. */
	const char *name, *type;
	/* What is shown instead of its name; NULL: that is. */
	const char *short_name;
	/* The request that it serves, "GET /orders/7"; NULL: none, or it was not asked for. */
	const char *request;
	/* Index in snapshot.threads of the one that runs its loop, or else that it was
	 * created in; -1 if that is gone. */
	ptrdiff_t thread;
	/* Index in snapshot.interps. */
	uint32_t interp;
	/* Where it was found first. */
	enum task_source source;
	enum aiodbg_task_state state;
	/* -1: not counted by this version. */
	int32_t cancel_requests;
	/* Ended between being found and being decoded: there was nothing to decode, and it was
	 * not found again. */
	bool ended, found_again;
	/* A place stands for an object that cannot be followed. */
	bool is_cut;
	/* Of the process that forked this one, where it waits on or has ended: no loop of this one
	 * will ever run it. */
	bool is_copy;
	/* Another task has the same name. */
	bool has_namesake;
	uint64_t loop;
	/* Its coroutine, and the future that its chain of awaits ends in; 0: none. */
	uint64_t coro, fut_waiter;
	/* Innermost first. Tasks that stand at the same places mostly share one. */
	const struct location **stack;
	size_t depth;
	/* How many, from the outermost on, are of coroutines that await each other directly. */
	size_t coroutines;
	/* Who awaits it. */
	struct edge *awaiters;
	size_t awaiter_count;
	/* What it awaits: edges of other tasks, in the order of those. */
	struct edge **awaited;
	size_t awaited_count;
	/* Tasks with the same number can reach each other; 0: it is in no cycle. */
	size_t knot;
	struct aiodbg_problem *problems;
	/* How it has ended; NULL where that is not so, or was not asked for. */
	const char *result, *exception;
	/* Those context variables that were asked for and that it has. */
	const struct context_variable *context;
	size_t context_count;
};

/* How the owner of a task group and a task of that stand to each other. */
enum edge_group {
	/* There is no group: the one awaits the other. */
	EDGE_NO_GROUP,
	/* It is not known where the owner is. */
	EDGE_IN_GROUP,
	/* The owner is leaving the group, which waits for all of its tasks; or it awaits this one. */
	EDGE_GROUP_ENDS,
	/* The owner has only started the task, and is still in the body of the async with. */
	EDGE_STARTED,
};

/* awaiter waits for task, or will do so. */
struct edge {
	struct task *task;
	/* NULL if it is a future that nobody awaits. */
	struct task *awaiter;
	uint64_t awaiter_id;
	/* enum aiodbg_edge_source. */
	unsigned int source;
	enum edge_group in_group;
	/* Futures in between, from the task on. */
	const uint64_t *via;
	size_t via_count;
	/* The task group of the awaiter's that owns the task; 0: none. */
	uint64_t group;
	/* Of one that was only started: index in the awaiter's stack of the frame that is in the
	 * group; the depth of the stack if none is seen to be. */
	size_t frame;
};

/* Tasks that await each other in a circle: each awaits the next, the last the first. */
struct cycle {
	struct task **tasks;
	size_t count;
	/* Each is really blocked: no edge of it is just on record. */
	bool deadlock;
};

/* A loop whose thread runs a callback, a task or not, and does not poll meanwhile. */
struct busy_loop {
	uint64_t addr;
	/* Index in snapshot.threads. */
	size_t thread;
	/* Else it is between two. */
	bool in_callback;
	/* When it has polled last, in seconds of CLOCK_MONOTONIC. */
	double since;
	bool has_since;
	/* Frames of its thread from the callback on, innermost first; between two callbacks that
	 * of the loop itself. */
	const struct location **stack;
	size_t depth;
	/* Name of the C function that the innermost frame calls; NULL: not known. Not exactly: it
	 * is probably that. */
	const char *calls;
	bool calls_exactly;
};

ARRAY(busy_loops, struct busy_loop);
ARRAY(tasks, struct task *);
ARRAY(cycles, struct cycle);

struct graph;
struct task_detail;
struct waits;
struct verdicts;
struct chain;
struct loop_list;
struct thread_list;

struct aiodbg_snapshot {
	struct arena arena;
	/* The address of the task or future that was asked for, or 0. */
	uint64_t subject;
	/* Everything known of that task, if it was asked for, or NULL. */
	struct task_detail *detail;
	uint32_t version;
	bool free_threaded;
	/* Name of the layout if there is none for the version, else NULL. */
	const char *borrowed_layout;
	/* -1: not known. */
	int debug;
	uint32_t target_kind;
	uint32_t pid;
	/* Address of _PyRuntime. */
	uint64_t runtime;
	/* False only if it is known not to be. */
	bool asyncio_loaded;
	/* Where there are no tasks: other frameworks that are loaded. Of a process of this machine, there
	 * and where verdicts are wanted: children that run Python, how many, and the ids of the first. */
	const char *frameworks[MODEL_FRAMEWORKS];
	size_t framework_count;
	uint32_t children[MODEL_CHILDREN];
	size_t child_count;
	struct interps interps;
	struct threads threads;
	struct tasks tasks;
	/* How many tasks each source has, and how many of them none before it has; those that
	 * are finished and not shown count too. */
	struct {
		size_t found, added;
	} sources[TASK_SOURCE_COUNT];
	struct cycles cycles;
	struct busy_loops busy_loops;
	/* The time when those were read; only of a process that runs. */
	double now;
	bool has_now;
	/* Tasks, finished ones too, and futures, with the links that were found. */
	struct graph *graph;
	/* What tasks and threads wait for, and what is wrong; NULL unless it was asked for. */
	struct waits *waits;
	struct verdicts *verdicts;
	/* The file of os; and, if no frame of a task would be own otherwise, one of the program, which was
	 * installed. NULL where they are not known, or were not asked for: snapshot/origin.h. */
	const char *os_file, *program_file;
	/* The program was run from a file, by its name. */
	bool has_file;
	/* Program and libraries are in one folder with those of Python. */
	bool is_flat;
	/* As in struct aiodbg_request; NULL: none. */
	const char *own_patterns;
	/* Why the subject does not go on; NULL unless there is one and waits were asked for. */
	struct chain *chain;
	/* Where each thread is; NULL unless it was asked for. */
	struct thread_list *thread_list;
	/* What each loop has to do; NULL unless it was asked for. */
	struct loop_list *loop_list;
	/* Tasks that have ended and that memory still leads to are there, with how they did so. */
	bool has_finished;
	/* It is a process that runs while it is read: the time is known, and nothing stands still. */
	bool runs_on;
	/* The time at the process when its first byte was read, if that is known: whatever is
	 * found has lasted since a time before that. */
	double began;
	bool has_began;
	/* An earlier look at the same process, while this one is made; else NULL. */
	const struct aiodbg_snapshot *before;
	/* Of such an earlier look: one more between the two, or NULL. What had moved then has moved. */
	const struct aiodbg_snapshot *between;
	/* Such a process, but somebody has stopped it. */
	bool stopped;
	/* The version records awaiters itself: links without AIODBG_SOURCE_AWAITED_BY are ours. */
	bool records_awaiters;
	/* What is missing, apart from what tasks say themselves. */
	struct aiodbg_problem *problems;
	size_t problem_count;
	/* Tasks that have problems, and tasks whose stack ends in what cannot be followed. */
	size_t damaged_count, cut_count;
};

/* Whether nothing is missing. */
bool snapshot_is_complete(const struct aiodbg_snapshot *snap);

/* Id of the interpreter at index; -1 if none could be read: a task may be asked for by id even
 * then. */
int64_t snapshot_interp_id(const struct aiodbg_snapshot *snap, size_t index);

/* A problem of what is in the arena; NULL if there is no memory. */
struct aiodbg_problem *problem_create(struct arena *arena, const struct aiodbg_error *error);

/* Write a task's name, or what else tells it apart; or only measure it. Returns its width. */
size_t task_write_name(struct output *out, const struct task *task, bool measure);

/* "pending"; "unreadable" for AIODBG_TASK_UNKNOWN. */
const char *task_state_name(enum aiodbg_task_state state);

/* Whether the awaiter waits for the task now, as far as is known. */
bool edge_waits(const struct edge *edge);

/* Whether another task waits for the task. */
bool task_is_awaited(const struct task *task);

/* Tasks that ps and pstree show: those that have not finished. */
bool task_is_pending(const struct task *task);

#endif
