/* SPDX-License-Identifier: MIT */
/* Waits, objects, loops and verdicts as JSON. */
#ifndef RENDER_JSON_WAITS_H
#define RENDER_JSON_WAITS_H

#include "base/json.h"
#include "verdicts/verdicts.h"

/* Text that is made in memory, and its value. */
void json_begin_words(struct output *words);
void json_put_words(struct json_gen *gen, const struct output *words);

/* The kernel's id of the index-th thread; null if it is -1, or not known. */
void json_put_tid(struct json_gen *gen, const struct aiodbg_snapshot *snap, ptrdiff_t thread);

/* What tasks that wait for the same object have in common, as the last one was written. */
struct known_wait {
	/* NULL: none is known. */
	const struct primitive *object;
	enum certainty certainty;
	/* The text, without the place: that comes between its three parts. */
	char text[1024];
	size_t ends[3];
};

/* One for each kind, all zero at the beginning. */
struct known_waits {
	struct known_wait items[WAIT_KIND_COUNT];
};

/* Keys of a task: "waits_for", "ready", "holds". words is room for text. */
void json_put_wait(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		   const struct task *task, struct known_waits *known, struct output *words);

/* Keys of a thread: "waits_for", "holds", "name", "stack". */
void json_put_thread(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		     const struct thread *thread, struct output *words);

/* The first two of them. */
void json_put_thread_waits(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			   const struct thread *thread, struct output *words);

void json_put_object(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		     const struct primitive *object);
/* Its keys; whether its queues can be read. */
void json_put_loop_keys(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			const struct loop *loop, int64_t ready, int64_t timers);
void json_put_loop(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		   const struct loop *loop);
/* json_verdicts.c. */
void json_put_verdict(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		      const struct verdict *verdict, struct output *words);

#endif
