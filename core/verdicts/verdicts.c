/* SPDX-License-Identifier: MIT */
/* What is wrong. See verdicts/verdicts.h. */
#include "verdicts/verdicts.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "snapshot/own.h"
#include "snapshot/source.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *heading, *name;
} kinds[] = {
	[VERDICT_STOPPED] = {"STOPPED", "stopped"},
	[VERDICT_DEADLOCK] = {"DEADLOCK", "deadlock"},
	[VERDICT_LOOP_BLOCKED] = {"LOOP BLOCKED", "loop-blocked"},
	[VERDICT_LOOP_STARVED] = {"LOOP STARVED", "loop-starved"},
	[VERDICT_LOST_WAKEUP] = {"LOST WAKE-UP", "lost-wakeup"},
	[VERDICT_LOOP_GONE] = {"LOOP GONE", "loop-gone"},
	[VERDICT_STUCK_AT_EXIT] = {"STUCK AT EXIT", "stuck-at-exit"},
	[VERDICT_NEVER_RELEASED] = {"NEVER RELEASED", "never-released"},
	[VERDICT_NOTHING_CAN_WAKE] = {"NOTHING CAN WAKE", "nothing-can-wake"},
	[VERDICT_NO_CONSUMER] = {"NO CONSUMER", "no-consumer"},
	[VERDICT_NO_PRODUCER] = {"NO PRODUCER", "no-producer"},
	[VERDICT_FAILED] = {"FAILED", "failed"},
	[VERDICT_WONT_CANCEL] = {"WON'T CANCEL", "wont-cancel"},
	[VERDICT_EXHAUSTED] = {"EXHAUSTED", "exhausted"},
	[VERDICT_CONVOY] = {"CONVOY", "convoy"},
	[VERDICT_STALLED] = {"STALLED", "stalled"},
};

const char *verdict_heading(enum verdict_kind kind)
{
	return kinds[kind].heading;
}

const char *verdict_name(enum verdict_kind kind)
{
	return kinds[kind].name;
}

void verdicts_deinit(struct verdicts *verdicts)
{
	array_deinit(&verdicts->list);
	array_deinit(&verdicts->crowds);
}

int finder_no_memory(struct finder *finder)
{
	return error_no_memory(&finder->reader->error);
}

int finder_add(struct finder *finder, const struct verdict *verdict)
{
	return array_push(&finder->verdicts->list, *verdict) ? 0 : finder_no_memory(finder);
}

int finder_alloc_parties(struct finder *finder, struct verdict *verdict, size_t count)
{
	verdict->parties = arena_alloc(finder->verdicts->arena, count * sizeof(struct party));
	return verdict->parties ? 0 : finder_no_memory(finder);
}

/* ---- sources ---- */

static int read_site(struct sources *sources, struct site *site)
{
	if (!site->location || site->text)
		return 0;
	return source_of(sources, site->location, site->line, &site->text);
}

static int read_party_sources(struct sources *sources, struct party *party)
{
	int status = party->wait ? read_site(sources, &party->wait->site) : 0;
	if (!status)
		status = read_site(sources, &party->caller);
	if (!status)
		status = read_site(sources, &party->worker);
	for (size_t i = 0; !status && i < party->held_count; i++) {
		if (party->held[i].holder)
			status = read_site(sources, &party->held[i].holder->site);
	}
	return status;
}

/* Parties of a verdict that are looked at for who called them: many are alike. */
#define CALLERS_MAX 1000

/*
 * Where a task waits is often a function of all who take a lock, or ask for something: what it was about
 * is a step further out. Where one has what others wait for, that says more.
 */
static void find_caller(struct own *own, struct party *party)
{
	const struct task *task = party->task;
	const struct site *site = party->wait ? &party->wait->site : NULL;
	bool is_outside = false;
	if (!task || !site || !site->location || !party->wait->blocked)
		return;
	for (size_t i = 0; i < task->depth; i++) {
		const struct location *location = task->stack[i];
		if (is_outside && own_is(own, location->code)) {
			party->caller = (struct site){location, location->position.line, NULL};
			return;
		}
		is_outside |= location == site->location;
	}
}

/* What runs in a thread for a task that a library began: there the thread's place says what it is about. */
static void find_worker(const struct waits *waits, const struct verdict *verdict,
			struct party *party)
{
	const struct wait *wait = party->wait;
	if (!party->task || !wait || !wait->blocked || wait->site.location || wait->queued ||
	    wait->thread < 0 || (wait->kind != WAIT_EXECUTOR && wait->kind != WAIT_THREAD))
		return;
	/* One that is named itself is shown where it is. */
	for (size_t i = 0; i < verdict->party_count && i < CALLERS_MAX; i++) {
		if (!verdict->parties[i].task && verdict->parties[i].thread == wait->thread)
			return;
	}
	party->worker = waits->of_threads[wait->thread].site;
}

/* Tasks that await each other until one of the program's own functions is met. */
#define AWAITERS_MAX 8

/* A task that only runs a function of the library says nothing: whoever awaits it does. */
static void find_awaiter(const struct aiodbg_snapshot *snap, struct party *party)
{
	const struct task *task = party->task;
	if (!task || !party->wait || party->wait->site.location)
		return;
	for (size_t i = 0; i < AWAITERS_MAX && task->awaiter_count; i++) {
		task = task->awaiters[0].awaiter;
		if (!task)
			return;
		const struct site *site = &snap->waits->of_tasks[task->index].site;
		if (!site->location)
			continue;
		party->caller = (struct site){site->location, site->line, NULL};
		return;
	}
}

static void find_callers(const struct aiodbg_snapshot *snap)
{
	const struct verdict_list *list = &snap->verdicts->list;
	struct own own;
	own_of_snapshot(&own, snap, true);
	for (size_t i = 0; i < list->count; i++) {
		struct verdict *verdict = &list->items[i];
		size_t count = verdict->party_count < CALLERS_MAX ? verdict->party_count
								  : CALLERS_MAX;
		bool has_holders = false;
		for (size_t k = 0; k < count; k++) {
			has_holders |= verdict->parties[k].held_count > 0;
			find_worker(snap->waits, verdict, &verdict->parties[k]);
			if (!verdict->parties[k].worker.location)
				find_awaiter(snap, &verdict->parties[k]);
		}
		for (size_t k = 0; k < count && !has_holders; k++)
			find_caller(&own, &verdict->parties[k]);
	}
	own_deinit(&own);
}

static int read_sources(struct sources *sources, const struct verdict_list *list)
{
	int status = 0;
	for (size_t i = 0; !status && i < list->count; i++) {
		const struct verdict *verdict = &list->items[i];
		for (size_t k = 0; !status && k < verdict->party_count; k++)
			status = read_party_sources(sources, &verdict->parties[k]);
		for (size_t k = 0; !status && k < verdict->ended_count; k++)
			status = read_site(sources, &verdict->ended[k]->site);
		if (!status)
			status = read_site(sources, &list->items[i].filler);
		for (size_t k = 0; !status && verdict->loop && k < verdict->loop->site_count; k++)
			status = read_site(sources, &verdict->loop->sites[k]);
	}
	return status;
}

int verdicts_read_sources(struct aiodbg_snapshot *snap, struct decoder *decoder)
{
	struct sources sources;
	find_callers(snap);
	sources_init(&sources, decoder, snap);
	int status = read_sources(&sources, &snap->verdicts->list);
	if (!status)
		status = read_sources(&sources, &snap->verdicts->crowds);
	sources_deinit(&sources);
	return status;
}

/* ---- the whole ---- */

static int find_stopped(struct finder *finder)
{
	const struct verdict verdict = {.kind = VERDICT_STOPPED, .certainty = CERTAINTY_CERTAIN};
	return finder->waits->stopped ? finder_add(finder, &verdict) : 0;
}

static int compare_verdicts(const void *a, const void *b)
{
	const struct verdict *x = a, *y = b;
	if (x->certainty != y->certainty)
		return x->certainty > y->certainty ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->behind_count != y->behind_count)
		return x->behind_count > y->behind_count ? -1 : 1;
	return 0;
}

int verdicts_find(struct aiodbg_snapshot *snap, struct reader *reader, struct verdicts *ret)
{
	size_t count = snap->tasks.count + snap->threads.count + snap->waits->closed_sets.count;
	struct finder finder = {
		.snap = snap,
		.waits = snap->waits,
		.reader = reader,
		.verdicts = ret,
		.named = calloc(count + 1, sizeof(bool)),
		.seen = calloc(count + 1, sizeof(size_t)),
	};
	static int (*const find[])(struct finder *) = {
		find_stopped,	      deadlocks_find,  loops_find_blocked, loops_find_gone,
		vain_find_unreleased, abandoned_find,  kept_find,	   vain_find_lost,
		starved_find,	      unwoken_find,    exits_find,	   stalled_find,
		spinning_find,	      cancelling_find, crowds_find,	   crowds_note,
	};
	int status = finder.named && finder.seen ? 0 : finder_no_memory(&finder);
	ret->arena = &snap->arena;
	for (size_t i = 0; !status && i < sizeof(find) / sizeof(find[0]); i++)
		status = find[i](&finder);
	if (!status && ret->list.count)
		qsort(ret->list.items, ret->list.count, sizeof(*ret->list.items), compare_verdicts);
	free(finder.named);
	free(finder.seen);
	array_deinit(&finder.lone);
	return status;
}

int verdicts_decode(struct aiodbg_snapshot *snap, struct decoder *decoder)
{
	int status = decoder_alloc(decoder, sizeof(*snap->verdicts), (void **)&snap->verdicts);
	if (!status)
		status = looks_compare(snap, &decoder->reader);
	if (!status)
		status = verdicts_find(snap, &decoder->reader, snap->verdicts);
	if (!status)
		status = looks_judge(snap, &decoder->reader);
	return status ? status : verdicts_read_sources(snap, decoder);
}
