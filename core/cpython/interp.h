/* SPDX-License-Identifier: MIT */
/*
 * Interpreters and their threads: Include/internal/pycore_interp_structs.h,
 * pycore_tstate.h.
 */
#ifndef CPYTHON_INTERP_H
#define CPYTHON_INTERP_H

#include "cpython/coro.h"

struct interp {
	uint64_t addr;
	int64_t id;
	/* sys.modules, a dict; 0 while there is none. */
	uint64_t modules;
	uint64_t threads_head;
};

struct thread {
	uint64_t addr;
	/* Index among the interpreters. */
	size_t interp;
	/* The kernel's thread id; 0 if it is not known. */
	uint64_t tid;
	/* threading.get_ident(): the pthread_t. */
	uint64_t ident;
	/* 0 if no Python function runs. */
	uint64_t current_frame;
	/* 0 if there is none. */
	uint64_t running_loop, running_task;
	/* The process that the loop ran in when it was recorded, up to 3.11; 0: not recorded. */
	uint64_t loop_pid;
	/* What was recorded as its running loop by the process that forked this one, or 0. */
	uint64_t copied_loop;
};

ARRAY(interps, struct interp);
ARRAY(threads, struct thread);

/* What to do with an error that costs only a part. Returns 0 to go on. */
typedef int note_fn(void *arg, const struct aiodbg_error *error);

/*
 * Append all interpreters of the runtime, the oldest first. A list that is damaged is
 * cut there and noted.
 */
int interps_read(struct decoder *decoder, uint64_t runtime, struct interps *ret, note_fn *note,
		 void *arg);

/* Append the threads of the index-th interpreter, the oldest first. */
int threads_read(struct decoder *decoder, const struct interps *interps, size_t index,
		 struct threads *ret, note_fn *note, void *arg);

/* The memory of the global interpreter lock of an interpreter; 0 if that cannot be told. */
int gil_find(struct decoder *decoder, uint64_t runtime, const struct interp *interp, uint64_t *addr,
	     size_t *size);

/*
 * The thread that has the global interpreter lock of the index-th interpreter: address of its
 * state, 0 if none has it; *known is false where that cannot be told.
 */
int gil_holder(struct decoder *decoder, uint64_t runtime, const struct interp *interp,
	       uint64_t *holder, bool *known);

/* A frame on a thread's stack. */
struct thread_frame {
	uint64_t addr;
	const struct location *location;
};
ARRAY(thread_frames, struct thread_frame);

/* Append the frames of a thread, the innermost first, without those of no function. */
int thread_frames_read(struct decoder *decoder, const struct thread *thread,
		       struct thread_frames *ret);

#endif
