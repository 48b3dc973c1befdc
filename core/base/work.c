/* SPDX-License-Identifier: MIT */
/* Interrupts and the work budget. See base/work.h. */
#include "base/work.h"

#include "base/ceilings.h"
#include "base/error.h"

#include <inttypes.h>

int work_charge_slowly(struct work *work, uint64_t objects)
{
	work->done += LIMIT_INTERRUPT_INTERVAL - work->left + objects;
	work->left = LIMIT_INTERRUPT_INTERVAL;
	int answer = work->interrupted ? work->interrupted(work->ctx) : 0;
	if (answer)
		return error_set(work->error, answer < 0 ? answer : AIODBG_INTERRUPTED,
				 "interrupted");
	if (!work->limit || work->done <= work->limit)
		return 0;
	/* So that the next object is one too many as well. */
	work->left = 0;
	return error_set(work->error, AIODBG_TOO_MUCH,
			 "more than %" PRIu64 " objects were looked at", work->limit);
}

void work_restart(struct work *work)
{
	work->done = 0;
	work->left = LIMIT_INTERRUPT_INTERVAL;
}
