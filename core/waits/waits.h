/* SPDX-License-Identifier: MIT */
/*
 * What tasks and threads wait for, who holds it, and what the event loops do: the part of a
 * snapshot that is decoded only if it was asked for, and that verdicts are drawn from.
 *
 * Times are seconds on the clock of the target's loops, CLOCK_MONOTONIC.
 */
#ifndef WAITS_WAITS_H
#define WAITS_WAITS_H

#include "snapshot/model.h"

/* An open list: others may come. */
enum wait_kind {
	WAIT_UNKNOWN,
	/* Nothing is awaited, or what is awaited is done: the loop has to run the task. */
	WAIT_READY,
	/* It went on while it was read, as its target runs: it waits for nothing that lasts. */
	WAIT_MOVING,
	WAIT_TIMER,
	WAIT_LOCK,
	WAIT_SEMAPHORE,
	WAIT_CONDITION,
	WAIT_EVENT,
	WAIT_BARRIER,
	WAIT_QUEUE_GET,
	WAIT_QUEUE_PUT,
	WAIT_QUEUE_JOIN,
	WAIT_FUTURE,
	WAIT_TASK,
	WAIT_GATHER,
	WAIT_SHIELD,
	WAIT_GROUP,
	WAIT_EXECUTOR,
	WAIT_THREAD,
	WAIT_PROCESS,
	WAIT_READ,
	WAIT_WRITE,
	WAIT_CONNECT,
	WAIT_ACCEPT,
	WAIT_SERVE,
	WAIT_ASYNC_GENERATOR,
	WAIT_KIND_COUNT,
};

/* "queue-get". */
const char *wait_kind_name(enum wait_kind kind);

/* How sure it is. The order counts: the highest is the surest. */
enum certainty {
	CERTAINTY_POSSIBLE,
	CERTAINTY_LIKELY,
	CERTAINTY_CERTAIN,
};

const char *certainty_name(enum certainty certainty);

/* Of which class a primitive is. */
enum primitive_kind {
	PRIMITIVE_UNKNOWN,
	/* asyncio's. */
	PRIMITIVE_LOCK,
	PRIMITIVE_SEMAPHORE,
	PRIMITIVE_CONDITION,
	PRIMITIVE_EVENT,
	PRIMITIVE_BARRIER,
	PRIMITIVE_QUEUE,
	PRIMITIVE_GROUP,
	PRIMITIVE_FUTURE,
	/* A dict, list or the like that keeps futures. */
	PRIMITIVE_CONTAINER,
	/* threading's, which threads wait for as well. */
	PRIMITIVE_THREAD_LOCK,
	PRIMITIVE_THREAD_RLOCK,
	PRIMITIVE_THREAD_CONDITION,
	PRIMITIVE_THREAD_SEMAPHORE,
	PRIMITIVE_THREAD_EVENT,
};

/* A place in the program, where something holds or waits. */
struct site {
	/* NULL if it is not known. */
	const struct location *location;
	/* That of the statement; -1: not known. */
	int32_t line;
	/* Its text; NULL unless a verdict shows the site and the source could be read. */
	const char *text;
};

/* A task or a thread that has a primitive. */
struct holder {
	/* NULL if it is a thread. */
	struct task *task;
	/* Index in snapshot.threads, or -1. */
	ptrdiff_t thread;
	enum certainty certainty;
	/* Where it took it. */
	struct site site;
	/* How that is known: "with", "owner", "only reference". */
	const char *evidence;
};

/* Evidence of one that is not seen to have it, but refers to it: this very text. */
extern const char holder_by_reference[];

ARRAY(holders, struct holder);

/* An object that tasks or threads wait for: one for each address. */
struct primitive {
	uint64_t addr;
	enum primitive_kind kind;
	/* Name of its class; NULL if it cannot be read. */
	const char *type;
	/* How the first frame that waits for it reached it: an expression, "self.lock", and the
	 * class that is an attribute of, "Stock"; NULL where that is not known. */
	const char *expression, *owner_type;
	/* Globals were asked for it: once, by the first frame that has no variable which leads there. */
	bool was_asked_for;
	/* -1: not known. */
	int locked;
	/* Value of a semaphore, items in a queue; its bound, 0: none; tasks of a queue that are
	 * not done. -1: not known. */
	int64_t value, bound, unfinished;
	/* A lock that is free and whose first waiter was woken: it is being handed over. */
	bool handed_over;
	/* An empty queue: who waits there puts things into it as well; how many tasks were asked. */
	bool gives_back;
	unsigned int givers_asked;
	/* Of a class derived from the library's, which may mean something else by it. */
	bool derived;
	/* Tasks at a function that may release it, while somebody else is seen inside a with
	 * statement of it. */
	struct tasks releasers;
	/* Somebody refers to it whom nobody has met: a timer, a callback, a container. Read only of those that
	 * nobody is seen to have, and not in a free-threaded build. */
	bool has_others;
	/* It names a thread as its owner that does not exist; or whoever has it was not copied by fork. */
	bool owner_gone;
	/* It gives out a number of things, such as connections, and has no more. */
	bool is_pool;
	/* Tasks that may have something of it, or give something back, as far as what their frames
	 * lead to tells. Some other way may lead there too. */
	struct tasks users;
	bool has_other_users;
	struct holders holders;
	/* Tasks and threads whose wait this is. */
	size_t waiter_count;
};

ARRAY(primitives, struct primitive *);

/* A task that has ended by an exception or was cancelled, which keeps what its functions had. */
struct ended_task {
	uint64_t id;
	/* NULL if it cannot be read. */
	const char *name;
	size_t interp;
	/* The exception, and what is said of it, "ValueError('broken')"; where only its traceback is
	 * known, that instead. */
	uint64_t exception, traceback;
	const char *text;
	bool is_cancelled;
	/* Nobody has asked for it; not known of those that were cancelled in 3.9 and 3.10. */
	bool is_unasked;
	/* What its own functions do: bits of enum deed. */
	unsigned int deeds;
	/* Where the innermost of these ended. */
	struct site site;
};

ARRAY(ended_tasks, struct ended_task);

/* All tasks that references lead to something from, and nothing else does: one of them has to
 * wake whoever waits for that. */
struct closed_set {
	/* Place in waits.closed_sets. */
	size_t index;
	/* Indexes of tasks. */
	const size_t *owners;
	size_t owner_count;
	/* Indexes in waits.ended of those that the exception of leads to it as well. */
	const size_t *ended;
	size_t ended_count;
	/* Nothing keeps the tasks but what they wait for: a collection of garbage ends them. */
	bool is_garbage;
	enum certainty certainty;
};

ARRAY(closed_sets, struct closed_set *);

/* What a loop has in its queue and has not done yet. */
enum for_loop {
	FOR_LOOP_NOTHING,
	/* Begin a coroutine; tell that one has ended. */
	FOR_LOOP_TO_BEGIN,
	FOR_LOOP_TO_TELL,
};

/* Why a task or thread does not go on. There is one for each task: small members stand together. */
struct wait {
	enum wait_kind kind;
	/* It is stuck on something that is not done: not so for what runs or is ready. */
	bool blocked;
	/* A thread that looks again after a while: it is not stuck. */
	bool has_timeout;
	bool has_deadline;
	/* What it waits for, or NULL. */
	struct primitive *object;
	/* The future at the end of the chain, of which class, or 0. */
	uint64_t future;
	const char *future_type;
	/* The container that future is in, an attribute of object if there is one; or NULL. */
	struct primitive *kept_in;
	/* Its place among those that wait for the object, from 1; 0: not known. */
	uint32_t place;
	/* Of a task that is ready: its place in the loop's queue, from 1. */
	uint32_t ready_place;
	/* When the wait ends by itself, if has_deadline: its own timeout, or that of a frame further out. */
	double deadline_at;
	/* The delay that a sleep was asked for; negative: not known. */
	double delay;
	/* It waits for tasks, by the edges of the graph. It goes on once all have ended; or else
	 * once any has. */
	bool for_tasks, for_all;
	/* If one of them fails, it goes on at once. */
	bool ends_on_failure;
	/* And for futures that are no tasks: whoever completes one of these ends it too. */
	bool for_futures;
	/* It waits until most of what is unsent has been sent. */
	bool paused;
	/* The system says that the process waits to write to pipe. */
	bool child_blocked;
	/* The system says that it runs, or sleeps for a while. */
	bool child_goes_on;
	/* Another task leads to the process's streams, and may read on. */
	bool has_reader;
	/* The thread that it waits for is about to import the same module. */
	bool for_import;
	/* The other end of its connection is in this process; somebody else may be to do something there, or
	 * it has been done; peer_task waits at this very connection. */
	bool peer_is_here, peer_is_doubtful, peer_is_at_it;
	/* Of a task that is ready: it has not begun. */
	bool not_started;
	/* The thread that it waits for, an index or -1; or what that one's loop is to do. */
	ptrdiff_t thread;
	enum for_loop for_loop;
	/* How many are queued with it, itself included. */
	uint32_t queue_length;
	/* Of an executor's that is queued, which is not begun: how many are ahead; -1: not known. Its
	 * workers are the range of waits.workers. */
	int64_t ahead;
	uint32_t first_worker, worker_count;
	/* Of a thread, or through a thread-safe future, so that no edge says it: the task that it waits
	 * for; NULL otherwise. */
	struct task *task;
	/* -1: not known. */
	int64_t fd, pid, unsent;
	const char *peer, *command;
	/* The other end of its connection is in this process: the task that has it, or NULL. */
	struct task *peer_task;
	/* Bytes that were sent and that the peer has not taken yet; -1: not known. */
	int64_t backlog;
	/* Of a process: the file that we have stopped reading, or -1. */
	int64_t pipe;
	/* What asyncio has for the process; 0: not known. */
	uint64_t transport;
	/* Who alone can wake it, by the references to what it waits for; NULL: others may. */
	const struct closed_set *closed;
	/* Nobody is seen to have what it waits for, or who was to do that has ended, and nobody is seen
	 * who may give it back or do it; index of the ended task in waits.ended, from 1. */
	uint32_t ended;
	bool is_abandoned;
	/* It was never meant to be woken but by being cancelled: no variable or attribute has what
	 * it waits for; or it is the main task of a loop. */
	bool for_ever;
	/* It was cancelled, and is still in an except or finally that handles that; read only of
	 * tasks that others await. */
	bool is_cancelled;
	bool queued;
	/* How sure the kind and the object are. */
	enum certainty certainty;
	/* Of one that is ready because it has yielded to the loop: a number for what its variables are;
	 * 0: not read. */
	uint64_t variables;
	/* The innermost own frame, where it waits. */
	struct site site;
};

enum loop_state {
	LOOP_UNKNOWN,
	/* In select, or its like. */
	LOOP_IDLE,
	/* Runs a callback. */
	LOOP_BUSY,
	LOOP_CLOSED,
	/* No thread runs it. */
	LOOP_NOT_RUNNING,
	/* Of the process that forked this one. */
	LOOP_COPY,
};

/* A method that is in a loop's queue. */
struct ready_callback {
	uint64_t self, function;
	const struct code *code;
};

struct loop {
	uint64_t addr;
	const char *type;
	enum loop_state state;
	/* Index of the thread that runs it, or -1. */
	ptrdiff_t thread;
	/* Busy: when it last polled. Idle: when it began to. */
	double since;
	bool has_since;
	/* Idle: for how long it meant to, 0: it only looks; negative: until something happens. */
	double select_timeout;
	bool has_select_timeout;
	/* Idle: the system says that its thread sleeps there; or that it waits for the global
	 * interpreter lock. Else that is not known. */
	bool is_asleep, wants_gil;
	/* Idle: how often its thread has waited for anything so far. */
	uint64_t wait_count;
	bool has_wait_count;
	/* Idle: index of the thread that has that lock, or -1; it may be its own. */
	ptrdiff_t gil_thread;
	bool gil_known;
	/* How often that thread has waited for anything so far. */
	uint64_t gil_waits;
	bool has_gil_waits;
	/* Busy: number of the callback in this round, from 1, and how many there are; 0: not
	 * known. When this callback began, in debug mode. */
	size_t callback, callback_count;
	double callback_since;
	bool has_callback_since;
	/* Of the seconds until the next look, those in which the system let its thread do what it wanted
	 * to, and the one as well that has the lock which it waits for. */
	double watched;
	bool is_watched;
	/* The Handle that runs, and the task that it runs; 0 and NULL: not known. */
	uint64_t handle;
	struct task *task;
	/* It is made in C, and only what its thread's frames show is known. */
	bool is_native;
	/* It does not run, but a thread has it in a variable, or is about to run some loop. */
	bool at_hand;
	/* An object that a thread works at has it in an attribute, or the program in a global: it may be run
	 * again. */
	bool in_reach;
	/* Handles that are ready; timers, cancelled ones left out, the first of them. Known
	 * where it has queues that can be read. */
	bool has_queues;
	size_t ready_count, timer_count;
	double first_timer_at;
	bool has_first_timer;
	/* Of a process that runs: some of those, as far as they are methods. */
	const struct ready_callback *ready;
	size_t ready_listed;
	size_t fd_count;
	/* Frames of its thread from the callback on, innermost first. */
	const struct location **stack;
	size_t depth;
	/* Name of the C function that the innermost frame calls, and how sure; NULL: none. */
	const char *calls;
	enum certainty calls_certainty;
	/* It is one of those that may wait for long: time.sleep(), a lock's acquire(). */
	bool calls_blocking;
	/* Of those frames the own ones, or the innermost two if there are none. */
	struct site *sites;
	size_t site_count;
};

ARRAY(loops, struct loop);
ARRAY(worker_indexes, size_t);

/* What is known of a thread besides struct thread. */
struct thread_facts {
	/* NULL if it has none, or it cannot be read. */
	const char *name;
	/* 1: the end of the process does not wait for it; 0: it does; -1: not known. */
	int is_daemon;
	/* All of its frames, innermost first. */
	const struct location **stack;
	size_t depth;
	/* How often it has waited for something so far, and for how long it ran; of a process that runs. */
	uint64_t wait_count;
	bool has_wait_count;
	double ran;
	bool has_ran;
};

/* What the end of a process waits for. */
enum leaving {
	LEAVING_NOTHING,
	/* Threads that are no daemons. */
	LEAVING_THREADS,
	/* A thread of a pool. */
	LEAVING_POOL,
	/* The same, of the pool of the loop that asyncio.run() ends. */
	LEAVING_EXECUTOR,
	/* Tasks that asyncio.run() has cancelled. */
	LEAVING_TASKS,
};

struct waits {
	/* One for each of snapshot.tasks, and of snapshot.threads. */
	struct wait *of_tasks, *of_threads;
	struct thread_facts *threads;
	struct primitives primitives;
	struct loops loops;
	/* Indexes of threads: workers of executors. */
	struct worker_indexes workers;
	struct closed_sets closed_sets;
	struct ended_tasks ended;
	/* What each task holds: holds[first_hold[i]] and those up to first_hold[i + 1]; and after
	 * them what each thread does, which no task of it has. */
	struct primitive **holds;
	size_t *first_hold;
	/* The folder that all own files where tasks wait are in, with its slash. */
	const char *own_folder;
	size_t own_folder_len;
	/* The time at the target, if that is known; or the latest time that is known to have
	 * passed. */
	double now;
	bool has_now, now_is_least;
	/* Something was not there to be read: what a task waits for may be more than was seen. */
	bool has_gaps;
	/* Who is left to do what somebody waits for was not found out: too much leads there. */
	bool is_cut;
	/* Some task has a peer_task. */
	bool has_peers;
	/* A task runs or was just woken in acquire(): a semaphore may be about to be given. */
	bool permits_move;
	/* The process is stopped by somebody else. */
	bool stopped;
	/* Index of the thread that waits for the others to end, if any does. */
	enum leaving leaving;
	ptrdiff_t leaving_thread;
	/* After two looks, that many seconds apart: which tasks moved in between, by index, and how
	 * many of those that are pending. NULL: there was one. */
	bool *moved;
	size_t moved_count;
	double apart;
	/* Of the seconds until the next look, those in which the threads of all loops could do what they
	 * wanted to, as far as the system tells. */
	double watched;
};

void waits_deinit(struct waits *waits);

/*
 * Find the loops of a snapshot whose threads run something: what a listing says of them, without
 * anything else of this file. What can't be read is left out. Returns 0, or an error that is fatal.
 */
int loops_read_busy(struct aiodbg_snapshot *snap, struct decoder *decoder);

/* A wait of which nothing is known. */
struct wait wait_none(void);

#endif
