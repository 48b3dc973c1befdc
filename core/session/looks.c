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

/* ---- how much of the time the process could use ---- */

/* More loops than these are not watched. */
#define WATCHED_MOST 128

/* A thread that runs a loop, or has the lock that the loop waits for. */
struct watched {
	struct loop *loop;
	uint64_t tid;
	struct thread_time first;
	bool known;
	double had;
};

struct watch {
	struct aiodbg *dbg;
	struct aiodbg_snapshot *first;
	struct watched threads[2 * WATCHED_MOST];
	size_t count;
	/* When that had been taken, and milliseconds since then: further looks take time as well. */
	struct timespec began;
	uint32_t waited;
};

static void add_thread(struct watch *watch, struct loop *loop, ptrdiff_t thread)
{
	struct watched *watched = &watch->threads[watch->count++];
	*watched = (struct watched){.loop = loop, .tid = watch->first->threads.items[thread].tid};
	watched->known = syscall_thread_time(watch->dbg->target.pid, watched->tid, &watched->first);
}

static void watch_begin(struct watch *watch)
{
	struct loops *loops = &watch->first->waits->loops;
	clock_gettime(CLOCK_MONOTONIC, &watch->began);
	for (size_t i = 0; i < loops->count && watch->count < 2 * WATCHED_MOST - 1; i++) {
		struct loop *loop = &loops->items[i];
		if (loop->thread < 0)
			continue;
		add_thread(watch, loop, loop->thread);
		if (loop->state == LOOP_IDLE && loop->gil_thread >= 0)
			add_thread(watch, loop, loop->gil_thread);
	}
}

/* What the threads could use of the time that has passed: of the loop's, that of the one that had
 * less; of the process, the least of those that are known. */
static void watch_measure(struct watch *watch)
{
	double seconds = watch->waited * 1e-3;
	struct waits *waits = watch->first->waits;
	for (size_t i = 0; i < watch->count; i++) {
		watch->threads[i].loop->is_watched = watch->threads[i].known;
		watch->threads[i].loop->watched = seconds;
	}
	waits->watched = seconds;
	for (size_t i = 0; i < watch->count; i++) {
		struct watched *watched = &watch->threads[i];
		struct thread_time now;
		if (!watched->known)
			watched->loop->watched = 0;
		if (!watched->known)
			continue;
		if (syscall_thread_time(watch->dbg->target.pid, watched->tid, &now)) {
			double had = syscall_time_had(&watched->first, &now, seconds);
			watched->had = had > watched->had ? had : watched->had;
		}
		if (watched->had < watched->loop->watched)
			watched->loop->watched = watched->had;
		if (watched->had < waits->watched)
			waits->watched = watched->had;
	}
}

static uint32_t milliseconds_since(const struct timespec *began)
{
	struct timespec now;
	if (clock_gettime(CLOCK_MONOTONIC, &now))
		return LOOKS_APART_MOST;
	int64_t passed = (int64_t)(now.tv_sec - began->tv_sec) * 1000 +
			 (now.tv_nsec - began->tv_nsec) / 1000000;
	return passed < 0 ? 0 : passed < UINT32_MAX ? (uint32_t)passed : UINT32_MAX;
}

static int watch_wait(struct watch *watch, uint32_t milliseconds, struct aiodbg_error *err)
{
	int status = wait_for(watch->dbg, milliseconds, &watch->first->waits->stopped, err);
	watch->waited = milliseconds_since(&watch->began);
	if (!status)
		watch_measure(watch);
	return status;
}

static bool watch_may_go_on(const struct watch *watch)
{
	return !watch->first->waits->stopped && watch->waited < LOOKS_APART_MOST;
}

static int wait_between(struct watch *watch, uint32_t milliseconds, struct aiodbg_error *err)
{
	watch_begin(watch);
	int status = watch_wait(watch, milliseconds, err);
	while (!status && watch_may_go_on(watch) &&
	       looks_want_loop_watched(watch->first, LOOKS_APART_STILL * 1e-3))
		status = watch_wait(watch, PAUSE_MS, err);
	return status;
}

/* Much stands still for a tenth of a second, or for as long as an answer takes: look again until it has
 * moved, or all of that time is over. */
static int look_again(struct watch *watch, const struct aiodbg_request *request,
		      struct aiodbg_error *err, struct aiodbg_snapshot **ret)
{
	struct aiodbg_snapshot *between = *ret;
	double wanted = looks_wanted(between);
	uint32_t waited = 0;
	int status = 0;
	*ret = NULL;
	while (!status && watch_may_go_on(watch) && waited < LOOKS_APART_AGAIN &&
	       watch->first->waits->watched < wanted) {
		status = watch_wait(watch, PAUSE_MS, err);
		waited += PAUSE_MS;
	}
	watch->first->between = between;
	if (!status)
		status = retry_snapshot(watch->dbg, request, watch->first, err, ret);
	watch->first->between = NULL;
	snapshot_destroy(between);
	return status;
}

int looks_take(struct aiodbg *dbg, const struct aiodbg_request *request, struct aiodbg_error *err,
	       struct aiodbg_snapshot **ret)
{
	struct watch watch = {.dbg = dbg};
	/* Of what stands still, a second look shows the same. */
	if (!request || !request->after || !dbg->process || !(request->wants & AIODBG_WANT_WAITS))
		return retry_snapshot(dbg, request, NULL, err, ret);
	int status = retry_snapshot(dbg, request, NULL, err, &watch.first);
	if (!status)
		status = wait_between(
			&watch, request->after < LOOKS_APART ? LOOKS_APART : request->after, err);
	if (!status)
		status = retry_snapshot(dbg, request, watch.first, err, ret);
	while (!status && watch_may_go_on(&watch) &&
	       watch.first->waits->watched < looks_wanted(*ret))
		status = look_again(&watch, request, err, ret);
	if (!status)
		(*ret)->before = NULL;
	snapshot_destroy(watch.first);
	return status;
}
