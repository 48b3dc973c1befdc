/* SPDX-License-Identifier: MIT */
/* One thread while it is read: shared by waits/executors.c and thread_waits.c. */
#ifndef WAITS_READING_H
#define WAITS_READING_H

#include "waits/waiting.h"

struct reading {
	struct waiting *waiting;
	size_t index;
	const struct thread *thread;
	/* Innermost first. */
	struct thread_frames frames;
	struct wait *wait;
	/* Only what an executor's worker does counts: that is certain. */
	bool of_executors;
	/* The frame is that of a thread of another project's, which works off a queue. */
	bool is_worker;
	/* Frames are missing. */
	bool is_cut;
};

/* Its frames are to be freed in any case. */
int reading_begin(struct waiting *waiting, size_t index, struct reading *ret);

/* The index-th frame. */
int reading_frame(struct reading *reading, size_t index, struct frame *ret);

/* Visit the frames of a thread up to that of its event loop: functions further out go on when the loop
 * ends. What visit() returns other than 0 ends it, and is returned. */
typedef int frame_visit_fn(void *arg, const struct frame *frame);
int reading_visit_inner(struct waiting *waiting, size_t thread, frame_visit_fn *visit, void *arg);

/* Whether the place is in a function of that qualified name: up to 3.10 code has only the last part
 * of it. */
bool reading_is_at(const struct location *location, const char *qualname, const char *file);

#endif
