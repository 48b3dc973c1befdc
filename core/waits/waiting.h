/* SPDX-License-Identifier: MIT */
/*
 * What the files that decode waits share: waits/waits.c begins, and has primitives.c,
 * keepers.c, holders.c, candidates.c, doubts.c, executors.c, thread_waits.c, polling.c and loops.c do
 * their parts.
 */
#ifndef WAITS_WAITING_H
#define WAITS_WAITING_H

#include "asyncio/sync.h"
#include "base/addrmap.h"
#include "cpython/coro.h"
#include "cpython/locals.h"
#include "cpython/object.h"
#include "process/sockets.h"
#include "snapshot/own.h"
#include "waits/waits.h"

struct future;

/* Threads of an executor, which take their work from one queue. */
struct pool {
	uint64_t queue;
	/* Range in waits.workers. */
	size_t first, count;
	/* How much is queued. */
	size_t queued;
};

/* Work for an executor, by the future that it is to set. */
struct job {
	/* Index of the thread that does it, or -1. */
	ptrdiff_t thread;
	/* Where it is queued, and how many are ahead of it; NULL: it is not. */
	const struct pool *pool;
	int64_t ahead;
	enum certainty certainty;
};

/* Where a future was found that somebody waits for. */
struct keeper {
	struct primitive *primitive;
	/* From 1; 0: it is not one of a queue. */
	size_t place;
};

/* Conditions whose locks one task or thread has given back at the same time: one, and those of
 * signal handlers. */
#define GIVEN_BACK_MAX 4

/* A lock that Condition.wait() in a task has given back, and that another has taken for it. */
struct lent {
	const struct task *task;
	uint64_t lock;
};

ARRAY(lent_list, struct lent);

/* Something that gives out a number of things, and has no more. */
struct pool_found {
	struct primitive *primitive;
	/* The object that it is a part of, or itself; 0: not known. */
	uint64_t owner;
	/* The class of what leads to it and was given; NULL: not known. */
	const char *given_type;
};

ARRAY(pools_found, struct pool_found);

struct waiting {
	struct decoder *decoder;
	struct aiodbg_snapshot *snap;
	struct waits *waits;
	/* What only verdicts are drawn from is wanted. */
	bool for_verdicts;
	struct own own;
	/* reader.fault_count at the beginning, and what it has grown by where that says nothing. */
	uint64_t faults_before;
	/* One for each interpreter. */
	struct sync_classes *classes;
	/* struct primitive by address; the class of each type, and 1; struct keeper by the future's
	 * address; struct job by that of a future; sync_function by location, or waiting itself
	 * for none. */
	struct addrmap primitives, types, keepers, jobs, rules;
	/* Futures of which no callback says why somebody waits, by their address. */
	struct addrmap silent;
	/* Tasks that run, by the address of their coroutine's frame. */
	struct addrmap executing;
	/* Indexes, from 1, of the threads whose loops are about to set a future, by its address; read
	 * when the first thread asks. */
	struct addrmap promises;
	bool has_promises;
	/* Bits of enum place_fact, and which of them are known, by location. */
	struct addrmap places;
	/* What the task that is being decoded was noted to hold. */
	struct primitives touched;
	/* Indexes in waits.ended, from 1, by the address of the task; what codes do, by these. */
	struct addrmap ended, deeds;
	/* Objects that were asked what they keep. */
	struct addrmap walked;
	/* Objects in variables of tasks that have yielded to the loop. */
	struct addrmap worked_at;
	/* Locks of the conditions that the frames seen so far wait at: see holders_begin(). */
	uint64_t given_back[GIVEN_BACK_MAX];
	size_t given_back_count;
	struct lent_list lent;
	/* A frame further in names release. */
	bool releases;
	/* Transports by the objects that have them, or waiting itself for none; numbers of files, from
	 * 1, by the transports of loops that are made in C. */
	struct addrmap transports, files;
	/* Whom sockets are connected to, where transports do not tell. */
	struct sockets sockets;
	/* Pools that tasks wait at. */
	struct pools_found pools;
	/* Interpreter of what is being decoded: an index. */
	size_t interp;
	/* Objects whose names were looked for among globals. */
	size_t globals_asked;
	/* The chain of the task that is being decoded, outermost first. */
	struct coro_frames chain;
};

/* waits: zeroed; it stays, and waiting is freed by waiting_deinit(). */
void waiting_init(struct waiting *waiting, struct decoder *decoder, struct aiodbg_snapshot *snap,
		  struct waits *waits, bool for_verdicts);
void waiting_deinit(struct waiting *waiting);

/*
 * Decode what tasks and threads wait for, into a snapshot that has its tasks and edges. What can't be
 * read leaves a wait of unknown kind. What only verdicts are drawn from is decoded if they are wanted.
 * Returns 0, or an error that is fatal.
 */
int waits_read(struct waiting *waiting);

/* What an object is, by its type: of the classes of the interpreter at index. */
int waiting_class(struct waiting *waiting, size_t interp, uint64_t object, enum sync_class *ret);

int waiting_no_memory(struct waiting *waiting);

/* Find the frames of the task's coroutines: waiting.chain, which has none if the task has no coroutine. Errors
 * are those of coro_walk_frames(). */
static inline int waiting_walk(struct waiting *waiting, const struct task *task)
{
	struct coro coro;
	waiting->chain.count = 0;
	return task->coro ? coro_walk_frames(waiting->decoder, task->coro, &waiting->chain, &coro)
			  : 0;
}

/* What the name and file of a place in the code tell, once for all frames that stand there. */
enum place_fact {
	PLACE_IN_POOL = 1,
	PLACE_IN_ACQUIRE = 2,
	PLACE_IN_CONDITION = 4,
};

/* One of those, which is() finds out if it was not asked before. */
bool waiting_place_is(struct waiting *waiting, const struct location *location,
		      enum place_fact fact, bool (*is)(const struct location *));

/* Set waits.own_folder: the longest folder that all sites of waiting tasks are in. */
void waits_find_own_folder(const struct aiodbg_snapshot *snap, struct waits *waits);

/* Whether something was not there to be read, so that what is not found may be in it. */
bool waiting_has_gaps(const struct waiting *waiting);

/* ---- primitives.c ---- */

/* The primitive at addr, whose state is read when it is first met. NULL if it is none. */
int primitive_get(struct waiting *waiting, size_t interp, uint64_t addr, struct primitive **ret);

/* The same for something that is waited for and is none of the known classes. */
int primitive_get_unknown(struct waiting *waiting, uint64_t addr, struct primitive **ret);

/* Note who waits at a primitive or any other object that a frame refers to: each once. */
int primitive_walk(struct waiting *waiting, struct primitive *primitive, uint64_t addr);

/* How a frame reaches the primitive: a variable, or an attribute of one. */
int primitive_name(struct waiting *waiting, struct primitive *primitive, const struct frame *frame);

/* Visit the globals that the code of a frame names, as if they were its variables. */
int globals_visit(struct waiting *waiting, const struct frame *frame, local_visit_fn *visit,
		  void *arg);

/* ---- keepers.c ---- */

/* Find an object in a variable of the innermost frames of the chain that has the future among its
 * waiters; wait.object stays NULL if there is none. */
int keeper_find(struct waiting *waiting, size_t interp, uint64_t future, struct wait *wait);

/* ---- containers.c ---- */

/* Find the containers of futures that tasks wait for: wait.kept_in. */
int containers_read(struct waiting *waiting);

/* ---- holders.c ---- */

/* Before the frames of another task or thread. */
void holders_begin(struct waiting *waiting);

/*
 * Note what a frame of the task, or of the thread if that is NULL, holds; and the timeouts that it
 * is in, which end wait. From the innermost frame on: Condition.wait() has given back the lock that
 * a frame further out holds.
 */
int holders_read_frame(struct waiting *waiting, size_t interp, struct task *task, ptrdiff_t thread,
		       const struct frame *frame, struct wait *wait);

/* Forget what was noted since waiting.touched was empty, of that task. */
void holders_undo(struct waiting *waiting, const struct task *task);

/* Decide how sure all of them are, once all frames have been seen. */
int holders_decide(struct waiting *waiting);

/* ---- forked.c ---- */

/* Find the locks that a forked process has from threads of its parent: primitive.owner_gone. */
int forked_read(struct waiting *waiting);

/* ---- candidates.c ---- */

/* Find who may hold the locks that are waited for and that nobody is seen to hold. */
int candidates_read(struct waiting *waiting);

/* ---- doubts.c ---- */

/* Of locks with one holder, known by that evidence: forget it if another task may have them. */
int doubts_read(struct waiting *waiting);

/* ---- owned.c ---- */

/* Find the holders of locks of other projects that name them. */
int owned_read(struct waiting *waiting);

/* ---- pools.c ---- */

/* Find the pools that tasks wait at, and who has what they have given out. */
int pools_read(struct waiting *waiting);

/* ---- users.c ---- */

/* Find who has something of the pools and semaphores that tasks wait at, or may give it back. */
int users_read(struct waiting *waiting);

/* ---- cancelled.c ---- */

/* Find the tasks that were cancelled and are on their way out. */
int cancelled_read(struct waiting *waiting);

/* ---- callbacks.c ---- */

/* Whether a callback of the future tells what it stands for: then wait.kind is set. */
int callbacks_ask(struct waiting *waiting, const struct future *future, struct wait *wait);

/* The work that a future stands for, if it is an executor's: who does it, or where it is queued. */
int job_use(struct waiting *waiting, uint64_t future, struct wait *wait);

/* ---- chained.c ---- */

/* If the future of concurrent.futures stands for a task, or for one that a loop has yet to make: wait is for
 * that task, or for the thread that runs the loop. */
int chained_read(struct waiting *waiting, uint64_t future, struct wait *wait);

/* What a shield was given, by the function that it has for a callback: a task, or a future that is none. */
int shield_read(struct waiting *waiting, uint64_t function, struct wait *wait);

/* ---- executors.c ---- */

/* Which thread does the work that a future stands for, or has it queued. */
int executors_read(struct waiting *waiting);

/* ---- thread_waits.c ---- */

/* What each thread waits for, and what its frames hold. */
int thread_waits_read(struct waiting *waiting);

/* ---- transports.c ---- */

/* Whether the chain ends in a function of asyncio's that waits for a file or process: then
 * wait.kind is set. */
int transport_find(struct waiting *waiting, struct wait *wait);

/* Whether it ends in one of another project that waits until something has been sent. */
int transport_find_drain(struct waiting *waiting, struct wait *wait);

/* What the transport tells of the wait. */
struct transport_facts;
void transport_use(struct waiting *waiting, const struct transport_facts *facts, struct wait *wait);

/* ---- connections.c ---- */

/* Whether it waits for a connection, by a future that the connection's transport leads to: then
 * wait.kind is set. */
int connection_find(struct waiting *waiting, const struct task *task, uint64_t future,
		    struct wait *wait);

/* ---- readers.c ---- */

/* Who may still read what child processes write: wait.has_reader. */
int readers_find(struct waiting *waiting);

/* ---- peers.c ---- */

/* Who is at the other end of connections within the process: wait.peer_task. */
int peers_read(struct waiting *waiting);

/* ---- polling.c ---- */

/* A loop whose thread is in select: frame is that of _run_once. */
int polling_read(struct waiting *waiting, const struct frame *frame, struct loop *loop);

/* The value of a float or an int; *known is false of anything else, and if object is 0. */
int polling_double(struct decoder *decoder, uint64_t object, double *ret, bool *known);

/* ---- ready.c ---- */

/* Of a task that has yielded to the loop: wait.variables. */
int ready_read_variables(struct waiting *waiting, const struct task *task, struct wait *wait);

/* Methods in the loop's queue: loop.ready. */
int ready_list(struct waiting *waiting, struct loop *loop);

/* ---- leaving.c ---- */

void leaving_read(struct waiting *waiting);

/* ---- loops.c ---- */

/* After waits_read(). */
int loops_read(struct waiting *waiting);

/* The class of a loop, what is ready, its timers; and whether it is closed. */
int loops_read_queues(struct waiting *waiting, struct loop *loop);

/* ---- idle_loops.c ---- */

/* Loops of tasks that a forked process has from its parent, and those that no thread runs. */
int loops_read_copied(struct waiting *waiting);
int loops_read_idle(struct waiting *waiting);

#endif
