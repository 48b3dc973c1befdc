/* SPDX-License-Identifier: MIT */
/* Two looks at a process that runs. See session/looks.h. */
#include "session/looks.h"

#include "base/error.h"
#include "session/retry.h"

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

static int wait_for(const struct aiodbg *dbg, uint32_t milliseconds, struct aiodbg_error *err)
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
		milliseconds -= part;
	}
	return 0;
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
		status = wait_for(dbg, request->after < LOOKS_APART ? LOOKS_APART : request->after,
				  err);
	if (!status)
		status = retry_snapshot(dbg, request, before, err, ret);
	if (!status)
		(*ret)->before = NULL;
	snapshot_destroy(before);
	return status;
}
