/* SPDX-License-Identifier: MIT */
/* What the callbacks of a future tell about who waits for it: jobs of threads, shields. */
#include "waits/waiting.h"

#include "asyncio/future.h"
#include "base/error.h"
#include "cpython/callable.h"

#include <string.h>

struct asking {
	struct waiting *waiting;
	struct wait *wait;
	/* Callbacks so far. */
	size_t count;
};

int job_use(struct waiting *waiting, uint64_t future, struct wait *wait)
{
	const struct job *job = addrmap_get(&waiting->jobs, future);
	if (!job)
		return 0;
	wait->thread = job->thread;
	wait->queued = job->pool != NULL;
	wait->ahead = job->ahead;
	wait->certainty = job->certainty;
	if (job->pool) {
		wait->place = (uint32_t)job->ahead + 1;
		wait->queue_length = (uint32_t)job->pool->queued;
		wait->first_worker = (uint32_t)job->pool->first;
		wait->worker_count = (uint32_t)job->pool->count;
	}
	return 0;
}

static int visit_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct asking *asking = arg;
	struct callable callable;
	uint64_t value = 0;
	int status = callable_read(decoder, addr, &callable);
	asking->count++;
	if (status || !callable.code || !callable.code->name)
		return error_is_fatal(status) ? status : 0;
	if (!strcmp(callable.code->name, "_call_check_cancel") &&
	    sync_is_file(callable.code->filename, "asyncio/futures.py")) {
		status = closure_get(decoder, callable.function, "source", &value);
		if (!status && value) {
			asking->wait->kind = WAIT_EXECUTOR;
			status = job_use(asking->waiting, value, asking->wait);
			if (!status && asking->wait->thread < 0 && !asking->wait->queued)
				status = chained_read(asking->waiting, value, asking->wait);
		}
	} else if (!strcmp(callable.code->name, "_outer_done_callback") &&
		   sync_is_file(callable.code->filename, "asyncio/tasks.py")) {
		status = shield_read(asking->waiting, callable.function, asking->wait);
	}
	return error_is_fatal(status) ? status : 0;
}

/* A future with more callbacks than these is likely one that others wait for as well. */
#define CALLBACKS_FEW 4

/* That they tell nothing is found out once: each of those that wait for it has one of them. */
int callbacks_ask(struct waiting *waiting, const struct future *future, struct wait *wait)
{
	struct asking asking = {waiting, wait, 0};
	if (addrmap_get(&waiting->silent, future->addr))
		return 0;
	int status = future_visit_callbacks(waiting->decoder, future, visit_callback, &asking);
	/* Without memory it is found out each time. */
	if (!status && wait->kind == WAIT_UNKNOWN && asking.count > CALLBACKS_FEW)
		addrmap_put(&waiting->silent, future->addr, waiting);
	return status;
}
