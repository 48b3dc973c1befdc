/* SPDX-License-Identifier: MIT */
/* Snapshots of a process that runs on. See session/retry.h. */
#include "session/retry.h"

#include "base/error.h"
#include "process/process.h"
#include "process/runs.h"
#include "session/snapshot.h"
#include "waits/waits.h"

#include <string.h>
#include <time.h>

bool retry_is_whole(const struct aiodbg_snapshot *snap)
{
	return !snap->problem_count && !snap->damaged_count;
}

bool retry_is_better(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second)
{
	if (retry_is_whole(first) || retry_is_whole(second))
		return !retry_is_whole(second);
	size_t whole = first->tasks.count - first->damaged_count;
	size_t other = second->tasks.count - second->damaged_count;
	if (whole != other)
		return whole > other;
	return first->problem_count + first->damaged_count <
	       second->problem_count + second->damaged_count;
}

static bool same_list(const struct aiodbg_problem *first, const struct aiodbg_problem *second)
{
	while (first && second && first->code == second->code &&
	       first->address == second->address && !strcmp(first->message, second->message)) {
		first = first->next;
		second = second->next;
	}
	return !first && !second;
}

bool retry_same_problems(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second)
{
	if (first->tasks.count != second->tasks.count ||
	    first->damaged_count != second->damaged_count ||
	    !same_list(first->problems, second->problems))
		return false;
	for (size_t i = 0; i < first->tasks.count; i++) {
		const struct task *task = first->tasks.items[i], *other = second->tasks.items[i];
		if (task->id != other->id || !same_list(task->problems, other->problems))
			return false;
	}
	return true;
}

/* Snapshots of one target, one after the other. */
struct series {
	struct aiodbg *dbg;
	const struct aiodbg_request *request;
	/* An earlier look, or NULL. */
	const struct aiodbg_snapshot *before;
	/* NULL as long as there is none. */
	struct aiodbg_snapshot *best;
	/* What the last one, and what the best one read was there at one moment, as far as can
	 * be known. */
	bool settled, best_settled;
	/* The process was given no processor meanwhile: it may wait for one in the middle of a
	 * change. */
	bool waited;
	/* The last one had the same problems as the best. */
	bool stable;
};

/* Something moved while it was followed, so that nothing is said of who alone could wake others. */
static bool lacks_proof(const struct aiodbg_snapshot *snap)
{
	return snap->runs_on && snap->waits && snap->waits->has_gaps;
}

static bool is_better(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second)
{
	if (retry_is_whole(first) && retry_is_whole(second))
		return !lacks_proof(first) && lacks_proof(second);
	return retry_is_better(first, second);
}

/* Keeps the better one. What looks whole may be wrong, if it is not settled. */
static void compare(struct series *series, struct aiodbg_snapshot *snap)
{
	series->stable = series->best && retry_same_problems(snap, series->best) &&
			 !retry_is_whole(snap);
	if (series->best && (!series->settled || series->best_settled) &&
	    !is_better(snap, series->best)) {
		snapshot_destroy(snap);
		return;
	}
	snapshot_destroy(series->best);
	series->best = snap;
	series->best_settled = series->settled;
}

/* Takes one more. The first one is fast, and exact if the process did not run meanwhile. */
static int series_step(struct series *series, bool first, struct aiodbg_error *err)
{
	struct aiodbg *dbg = series->dbg;
	struct aiodbg_snapshot *snap = NULL;
	struct decoder decoder;
	struct runs before = {0}, after = {0};
	int status = decoder_init(&decoder, &dbg->target, &dbg->options, &dbg->runtime.layout,
				  NULL);
	struct pagecache *cache = &decoder.reader.cache;
	/* What is compared with another look has to be right at once. */
	bool one_try = !dbg->options.retries && series->request->after;
	cache->changing = (!first || one_try) && !status && pagecache_may_change(cache);
	/* It decides between several: in a debugger there is one, and may be thousands of threads. */
	if (dbg->target.local_pid && dbg->options.retries)
		runs_read(dbg->target.local_pid, &before);
	if (!status)
		status = snapshot_take(dbg, series->request, series->before, &decoder, &snap);
	if (before.known)
		runs_read(dbg->target.local_pid, &after);
	series->waited = after.known && after.count == before.count;
	series->settled = cache->changing || runs_none(&before, &after) ||
			  !pagecache_may_change(cache);
	session_add_stats(dbg, &cache->stats);
	if (status && err)
		*err = decoder.reader.error;
	decoder_deinit(&decoder);
	if (!status)
		compare(series, snap);
	return dbg->process ? process_check(dbg->process, status, err) : status;
}

int retry_snapshot(struct aiodbg *dbg, const struct aiodbg_request *request,
		   const struct aiodbg_snapshot *before, struct aiodbg_error *err,
		   struct aiodbg_snapshot **ret)
{
	static const struct aiodbg_request all_tasks = {.size = sizeof(all_tasks)};
	struct series series = {
		.dbg = dbg,
		.request = request ? request : &all_tasks,
		.before = before,
	};
	error_clear(err);
	int status = 0;
	for (uint32_t i = 0; i <= dbg->options.retries; i++) {
		/* Time for the system to let it go on. */
		const struct timespec a_while = {.tv_nsec = 1000000};
		if (series.waited)
			nanosleep(&a_while, NULL);
		status = series_step(&series, i == 0, err);
		if (error_is_fatal(status) || series.stable ||
		    (series.settled && series.best && retry_is_whole(series.best) &&
		     !lacks_proof(series.best)))
			break;
	}
	if (series.best && !error_is_fatal(status)) {
		error_clear(err);
		*ret = series.best;
		return 0;
	}
	snapshot_destroy(series.best);
	return status;
}
