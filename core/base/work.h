/* SPDX-License-Identifier: MIT */
/*
 * May I go on? Loops over what may be millions of objects charge their work here: now and then
 * the user is asked, and after so much work it is too much.
 */
#ifndef BASE_WORK_H
#define BASE_WORK_H

#include "aiodbg.h"

struct work {
	/* Asked every LIMIT_INTERRUPT_INTERVAL objects, first of all at the start. May be NULL. */
	aiodbg_interrupted_fn *interrupted;
	void *ctx;
	/* Objects left before the next question. */
	uint32_t left;
	/* Objects up to the last question, and how many there may be; 0: any number. */
	uint64_t done, limit;
	/* Set when the work is to end. May be NULL. */
	struct aiodbg_error *error;
};

/*
 * Charge the work on so many objects, or work that takes as long, before doing it. Returns 0,
 * AIODBG_INTERRUPTED, the callback's negative value, or AIODBG_TOO_MUCH after the limit.
 */
int work_charge_slowly(struct work *work, uint64_t objects);
static inline int work_charge(struct work *work, uint64_t objects)
{
	if (objects >= work->left)
		return work_charge_slowly(work, objects);
	work->left -= (uint32_t)objects;
	return 0;
}

/* The same for one object. */
static inline int work_step(struct work *work)
{
	return work_charge(work, 1);
}

/* Begin another part of the work, which may be as much again. */
void work_restart(struct work *work);

#endif
