/* SPDX-License-Identifier: MIT */
/* LOOP STARVED by callbacks and tasks that are ready again as soon as they have run. */
#include "base/addrmap.h"
#include "base/array.h"
#include "base/error.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

/* Fewer keep no loop from its work. */
#define SPINNING_LEAST 10
/* Those that are named. */
#define SPINNING_NAMED 16

/* What was there before and still is: some move while they are read. */
#define STILL_PERCENT 75

static bool is_still(size_t same, size_t before)
{
	return same >= SPINNING_LEAST && same * 100 >= before * STILL_PERCENT;
}

/* It has yielded to the loop, for nothing. */
static bool has_yielded(const struct wait *wait)
{
	return wait->kind == WAIT_READY && !wait->future && wait->variables;
}

/* ---- callbacks ---- */

static int count_callbacks(struct finder *finder, const struct loop *before,
			   const struct loop *loop, size_t *known, size_t *same)
{
	struct addrmap seen = {0};
	int status = work_charge(&finder->reader->work, before->ready_listed + loop->ready_listed);
	for (size_t i = 0; !status && i < before->ready_listed; i++) {
		const struct ready_callback *callback = &before->ready[i];
		if (!addrmap_put(&seen, callback->self ^ callback->function << 1, &seen))
			status = finder_no_memory(finder);
	}
	*known = seen.count;
	for (size_t i = 0; !status && i < loop->ready_listed; i++) {
		const struct ready_callback *callback = &loop->ready[i];
		uint64_t key = callback->self ^ callback->function << 1;
		/* Once only. */
		if (addrmap_get(&seen, key) != &seen)
			continue;
		++*same;
		if (!addrmap_put(&seen, key, &seen.count))
			status = finder_no_memory(finder);
	}
	addrmap_deinit(&seen);
	return status;
}

/* The function of most of them. */
static const struct code *find_commonest(const struct loop *loop)
{
	const struct code *best = NULL;
	size_t most = 0;
	/* Kinds of callbacks are few. */
	for (size_t i = 0; i < loop->ready_listed && i < SPINNING_NAMED; i++) {
		size_t count = 0;
		for (size_t k = 0; k < loop->ready_listed; k++)
			count += loop->ready[k].code == loop->ready[i].code;
		if (count > most)
			best = loop->ready[i].code;
		most = count > most ? count : most;
	}
	return best;
}

static int set_site(struct finder *finder, const struct code *code, struct site *ret)
{
	struct location *location = arena_alloc(finder->verdicts->arena, sizeof(*location));
	if (!location)
		return finder_no_memory(finder);
	*location = (struct location){
		.code = code,
		.unit = UNIT_UNKNOWN,
		.function = code->qualname ? code->qualname : code->name,
		.position = {.line = code->firstlineno,
			     .end_line = -1,
			     .column = -1,
			     .end_column = -1},
	};
	*ret = (struct site){location, code->firstlineno, NULL};
	return 0;
}

static int judge_callbacks(struct finder *finder, struct loop *loop, const struct loop *before)
{
	struct verdict verdict = {
		.kind = VERDICT_LOOP_STARVED,
		.certainty = CERTAINTY_LIKELY,
		.loop = loop,
		.settled = true,
	};
	size_t known = 0, same = 0;
	int status = count_callbacks(finder, before, loop, &known, &same);
	const struct code *code = status ? NULL : find_commonest(loop);
	/* It is full of something else. */
	if (status || !code || loop->ready_listed * 2 < loop->ready_count)
		return status;
	if (!is_still(same, known))
		return 0;
	status = set_site(finder, code, &verdict.filler);
	verdict.spinning = same;
	return status ? status : finder_add(finder, &verdict);
}

/* ---- tasks ---- */

static int judge_tasks(struct finder *finder, struct loop *loop)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	struct verdict verdict = {
		.kind = VERDICT_LOOP_STARVED,
		.certainty = CERTAINTY_LIKELY,
		.loop = loop,
		.settled = true,
	};
	size_t known = 0;
	int status = finder_alloc_parties(finder, &verdict, SPINNING_NAMED);
	if (!status)
		status = work_charge(&finder->reader->work, snap->tasks.count / 16 + 1);
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		struct task *task = snap->tasks.items[i];
		struct wait *wait = &finder->waits->of_tasks[i];
		const struct wait *before = looks_wait_before(snap, task);
		if (task->loop != loop->addr || !before || !has_yielded(before))
			continue;
		known++;
		if (!has_yielded(wait) || !looks_task_is_the_same(snap, task))
			continue;
		verdict.spinning++;
		if (verdict.party_count < SPINNING_NAMED)
			verdict.parties[verdict.party_count++] = (struct party){
				.task = task, .thread = -1, .wait = wait};
	}
	return status || !is_still(verdict.spinning, known) ? status : finder_add(finder, &verdict);
}

/*
 * Under load the queue of a healthy program is full at every look, with tasks that something has
 * woken, at other places each time, and with callbacks that are called once. One that computes and
 * yields now and then has made progress: its variables are others.
 */
int spinning_find(struct finder *finder)
{
	const struct loops *loops = &finder->waits->loops;
	int status = 0;
	if (!finder->snap->before || finder->waits->stopped || finder->snap->before->waits->stopped)
		return 0;
	for (size_t i = 0; !status && i < loops->count; i++) {
		struct loop *loop = &loops->items[i];
		const struct loop *before = looks_loop_before(finder->snap, loop);
		if (loop->thread < 0 || !before || loop->ready_count < SPINNING_LEAST ||
		    loop->ready_count * 10 < before->ready_count * 9)
			continue;
		status = judge_tasks(finder, loop);
		if (!status)
			status = judge_callbacks(finder, loop, before);
	}
	return status;
}
