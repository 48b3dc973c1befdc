/* SPDX-License-Identifier: MIT */
/*
 * Who could still wake a task: references to what it waits for, and what the program's functions do
 * that lead there. Only verdicts rest on it; README says which.
 */
#ifndef CLOSURE_CLOSURE_H
#define CLOSURE_CLOSURE_H

#include "cpython/traceback.h"
#include "waits/waiting.h"

/* Find the tasks that can only be woken by tasks that wait themselves, and what nobody is left to give
 * back or to do. After waits_read(); sets has_gaps. */
int closure_read(struct waiting *waiting);

/* Whether the task is what its loop was told to run until it is complete. */
int closure_is_main(struct waiting *waiting, const struct task *task, bool *ret);

/* ---- ended.c ---- */

/* Find the tasks that have ended by exceptions, or were cancelled. */
int ended_read(struct waiting *waiting);

/* Visit the frames of the functions that ended with it. */
int ended_visit_frames(struct decoder *decoder, const struct ended_task *task,
		       traceback_visit_fn *visit, void *arg);

/* ---- givers.c ---- */

/* Ask those that wait at empty queues, to which nobody else leads, whether they put something there. */
int givers_read(struct waiting *waiting);

/* ---- abandoned.c ---- */

/* Find what nobody is left to give back or to do. */
int abandoned_read(struct waiting *waiting);

#endif
