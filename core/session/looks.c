/* SPDX-License-Identifier: MIT */
/* Two looks at a process that runs. See session/looks.h. */
#include "session/looks.h"

#include "base/error.h"
#include "process/clock.h"
#include "process/syscall.h"
#include "session/retry.h"
#include "session/snapshot.h"
#include "verdicts/looks.h"
#include "waits/waits.h"

#include <time.h>

/* Between two questions whether to go on. */
#define PAUSE_MS 50

static int ask(const struct aiodbg *dbg, struct aiodbg_error *err)
{
	const struct aiodbg_options *options = &dbg->options;
	int answer = options->interrupted ? options->interrupted(options->interrupted_ctx) : 0;
	if (!answer)
		return 0;
	return error_set(err, answer < 0 ? answer : AIODBG_INTERRUPTED, "interrupted");
}

/* *stopped is set if the process is stopped by somebody meanwhile. */
static int wait_for(const struct aiodbg *dbg, uint32_t milliseconds, bool *stopped,
		    struct aiodbg_error *err)
{
	while (milliseconds) {
		uint32_t part = milliseconds < PAUSE_MS ? milliseconds : PAUSE_MS;
		struct timespec left = {.tv_nsec = (long)part * 1000000};
		/* A signal may be what the question is about. */
		while (nanosleep(&left, &left) && !ask(dbg, NULL))
			continue;
		int status = ask(dbg, err);
		if (status)
			return status;
		*stopped |= clock_is_stopped(dbg->target.pid);
		milliseconds -= part;
	}
	return 0;
}

static int wait_between(const struct aiodbg *dbg, const struct aiodbg_snapshot *before,
			uint32_t milliseconds, struct aiodbg_error *err)
{
	const struct loop *loop = looks_blocked_loop(before);
	bool *stopped = &before->waits->stopped;
	uint32_t pid = dbg->target.pid, waited = milliseconds;
	double delay = 0;
	int status = wait_for(dbg, milliseconds, stopped, err);
	while (!status && loop && !*stopped && waited < LOOKS_APART_MOST) {
		uint64_t tid = before->threads.items[loop->thread].tid;
		bool known = loop->has_run_delay && syscall_run_delay(pid, tid, &delay);
		double lost = known ? (delay - loop->run_delay) * 1000 : 0;
		if (waited - lost >= LOOKS_APART_BLOCKED)
			break;
		status = wait_for(dbg, PAUSE_MS, stopped, err);
		waited += PAUSE_MS;
	}
	return status;
}

int looks_take(struct aiodbg *dbg, const struct aiodbg_request *request, struct aiodbg_error *err,
	       struct aiodbg_snapshot **ret)
{
	struct aiodbg_snapshot *before = NULL;
	/* Of what stands still, a second look shows the same. */
	if (!request || !request->after || !dbg->process || !(request->wants & AIODBG_WANT_WAITS))
		return retry_snapshot(dbg, request, NULL, err, ret);
	int status = retry_snapshot(dbg, request, NULL, err, &before);
	if (!status)
		status = wait_between(dbg, before,
				      request->after < LOOKS_APART ? LOOKS_APART : request->after,
				      err);
	if (!status)
		status = retry_snapshot(dbg, request, before, err, ret);
	if (!status)
		(*ret)->before = NULL;
	snapshot_destroy(before);
	return status;
}
