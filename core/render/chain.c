/* SPDX-License-Identifier: MIT */
/* Chains of reasons, and objects. See render/chain.h. */
#include "render/chain.h"

#include "base/ceilings.h"
#include "render/party.h"
#include "render/reason.h"
#include "render/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Links that decide how wide the columns are. */
#define COLUMNS_FROM 100

/* ---- chains ---- */

/* How it can wake the one before. */
static void write_relation(struct output *out, const struct chain_link *link)
{
	switch (link->relation) {
	case RELATION_HOLDS:
		output_text(out, link->holder->certainty == CERTAINTY_CERTAIN
					 ? "held by "
					 : "probably held by ");
		break;
	case RELATION_AWAITED:
		output_text(out, link->others ? "one of them: " : "that is ");
		break;
	case RELATION_WORKS:
		output_text(out, link->others ? "work for one of them: " : "work of ");
		break;
	case RELATION_PEER:
		output_text(out,
			    link->others ? "at the other end is one of: " : "at the other end is ");
		break;
	case RELATION_RUNS_LOOP:
		output_text(out, "its loop is kept by ");
		break;
	default:
		break;
	}
}

static void write_others(struct output *out, const struct chain_link *link)
{
	if (!link->others)
		return;
	output_text(out, "      ");
	reason_write_count(out, link->others);
	output_text(out, link->relation == RELATION_HOLDS ? " more hold it\n" : " more\n");
}

/* A task says what it waits for; a thread too, if it is blocked, else where it is. */
static void write_reason(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct chain_link *link, unsigned int parts)
{
	const struct wait *wait = link->wait;
	const struct thread_facts *thread = link->task ? NULL : &snap->waits->threads[link->thread];
	if (thread && !wait->blocked && !thread->depth)
		return;
	output_text(out, "  ");
	if (link->task && link->task->state != AIODBG_TASK_PENDING) {
		reason_write_task(out, snap, link->task);
	} else if (link->task && wait->kind == WAIT_UNKNOWN) {
		output_text(out, "waits for something that is not known");
	} else if (thread && !wait->blocked) {
		output_text(out, "is in ");
		reason_write_location(out, thread->stack[0]);
	} else {
		output_text(out, reason_needs_verb(wait) ? "waits for " : "");
		reason_write_parts(out, snap, wait, parts);
	}
	output_text(out, "\n");
}

static void write_link(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct columns *columns, const struct chain_link *link,
		       unsigned int parts)
{
	write_relation(out, link);
	party_write_name(out, snap, link->task, link->thread, NULL);
	output_text(out, "\n");
	write_reason(out, snap, link, parts);
	if (link->wait->site.location) {
		party_write_site(out, snap, columns, &link->wait->site);
		output_text(out, link->wait->blocked ? "waits here\n" : "is here\n");
	}
	if (link->holder && link->holder->site.location) {
		party_write_site(out, snap, columns, &link->holder->site);
		output_format(out, "holds %s 0x%" PRIx64 "\n",
			      link->object->type ? link->object->type : "object",
			      link->object->addr);
	}
	party_write_frames(out, columns, link->task);
	write_others(out, link);
}

static void write_end(struct output *out, const struct aiodbg_snapshot *snap)
{
	const struct chain *chain = snap->chain;
	if (chain->circle < 0)
		return;
	const struct chain_link *link = &chain->links.items[chain->circle];
	output_text(out, "and that waits for ");
	reason_write_actor(out, snap, link->task, link->thread);
	output_text(out, chain->links.count == (size_t)chain->circle + 1
				 ? ", which is itself.\n"
				 : ", which is above: a circle.\n");
}

void chain_write_links(struct output *out, const struct view *view, size_t first, size_t top)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct chain_links *links = &snap->chain->links;
	struct columns columns = {.all_frames = view->all_frames};
	for (size_t i = first; i < links->count && i - first < COLUMNS_FROM; i++) {
		const struct chain_link *link = &links->items[i];
		columns_add_site(&columns, out, snap, &link->wait->site);
		if (link->holder)
			columns_add_site(&columns, out, snap, &link->holder->site);
	}
	for (size_t i = first; i < links->count && output_goes_on(out); i++) {
		/* The end is worth more than the middle. */
		if (i - first == top && links->count - i > 1) {
			output_text(out, "... ");
			reason_write_count(out, links->count - i - 1);
			output_text(out, links->count - i > 2 ? " more levels: --top 0 shows them\n"
							      : " more level: --top 0 shows it\n");
			i = links->count - 1;
		}
		/* Who holds it is what the next one says. */
		bool ends = i + 1 == links->count && snap->chain->circle < 0;
		write_link(out, snap, &columns, &links->items[i],
			   ends ? REASON_ALL : REASON_ALL & ~REASON_HOLDERS);
	}
	write_end(out, snap);
}

/* ---- who waits ---- */

struct waiter {
	const struct task *task;
	ptrdiff_t thread;
	const struct wait *wait;
};

ARRAY(waiters, struct waiter);

static int compare_waiters(const void *a, const void *b)
{
	const struct waiter *x = a, *y = b;
	/* Those whose place is not known come last, in the order of ps. */
	size_t first = x->wait->place - 1, second = y->wait->place - 1;
	if (first != second)
		return first < second ? -1 : 1;
	return x->wait < y->wait ? -1 : x->wait > y->wait;
}

static bool is_for(const struct chain *chain, const struct wait *wait)
{
	return chain->object ? wait->object == chain->object || wait->kept_in == chain->object
			     : wait->blocked && wait->future == chain->future;
}

static bool find_waiters(const struct aiodbg_snapshot *snap, struct waiters *ret)
{
	bool good = true;
	const struct waits *waits = snap->waits;
	for (size_t i = 0; good && i < snap->tasks.count; i++) {
		const struct waiter waiter = {snap->tasks.items[i], -1, &waits->of_tasks[i]};
		if (is_for(snap->chain, waiter.wait))
			good = array_push(ret, waiter);
	}
	for (size_t i = 0; good && i < snap->threads.count; i++) {
		const struct waiter waiter = {NULL, (ptrdiff_t)i, &waits->of_threads[i]};
		if (is_for(snap->chain, waiter.wait))
			good = array_push(ret, waiter);
	}
	if (good && ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_waiters);
	return good;
}

static void write_waiter(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct waiter *waiter)
{
	if (waiter->wait->place)
		output_format(out, "%6u  ", waiter->wait->place);
	else
		output_text(out, "        ");
	party_write_name(out, snap, waiter->task, waiter->thread, NULL);
	const struct site *site = &waiter->wait->site;
	if (site->location) {
		output_text(out, "  ");
		reason_write_location(out, site->location);
	}
	output_text(out, "\n");
}

static int write_waiters(struct output *out, const struct aiodbg_snapshot *snap, size_t top)
{
	struct waiters waiters = {0};
	if (!find_waiters(snap, &waiters)) {
		array_deinit(&waiters);
		return AIODBG_NO_MEMORY;
	}
	if (!waiters.count) {
		output_text(out, "Nothing waits for it.\n");
	} else {
		reason_write_count(out, waiters.count);
		output_text(out, waiters.count == 1 ? " waits for it:\n" : " wait for it:\n");
	}
	for (size_t i = 0; i < waiters.count && i < top && output_goes_on(out); i++)
		write_waiter(out, snap, &waiters.items[i]);
	if (waiters.count > top) {
		output_text(out, "        ");
		reason_write_count(out, waiters.count - top);
		output_text(out, " more: --top 0 shows them\n");
	}
	array_deinit(&waiters);
	return 0;
}

/* ---- objects ---- */

static void write_state(struct output *out, const struct primitive *object)
{
	if (object->handed_over)
		output_text(out, ", being handed over");
	else if (object->locked >= 0)
		output_text(out, object->locked ? ", locked" : ", free");
	if (object->kind == PRIMITIVE_QUEUE && object->value >= 0)
		output_format(out, ", %" PRId64 " in it", object->value);
	else if (object->value >= 0)
		output_format(out, ", value %" PRId64, object->value);
	if (object->bound > 0)
		output_format(out, " of %" PRId64, object->bound);
	if (object->unfinished > 0)
		output_format(out, ", %" PRId64 " not done", object->unfinished);
}

static void write_holders(struct output *out, const struct aiodbg_snapshot *snap,
			  const struct primitive *object, size_t top)
{
	const struct holders *holders = &object->holders;
	struct columns columns = {0};
	bool is_held = object->kind == PRIMITIVE_LOCK || object->kind == PRIMITIVE_THREAD_LOCK ||
		       object->kind == PRIMITIVE_THREAD_RLOCK;
	if (!holders->count && is_held && object->locked > 0)
		output_text(out, "Who holds it could not be found.\n");
	for (size_t i = 0; i < holders->count && i < top; i++)
		columns_add_site(&columns, out, snap, &holders->items[i].site);
	for (size_t i = 0; i < holders->count && i < top; i++) {
		const struct holder *holder = &holders->items[i];
		output_text(out, holder->certainty == CERTAINTY_CERTAIN ? "held by "
									: "probably held by ");
		party_write_name(out, snap, holder->task, holder->thread, NULL);
		output_text(out, "\n");
		if (!holder->site.location)
			continue;
		party_write_site(out, snap, &columns, &holder->site);
		output_text(out, "took it here\n");
	}
	if (holders->count > top)
		output_format(out, "held by %zu more: --top 0 shows them\n", holders->count - top);
}

static void write_loop(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct loop *loop)
{
	static const char *const states[] = {
		[LOOP_UNKNOWN] = "its state is not known", [LOOP_IDLE] = "waits for events",
		[LOOP_BUSY] = "runs a callback",	   [LOOP_CLOSED] = "is closed",
		[LOOP_NOT_RUNNING] = "does not run",	   [LOOP_COPY] = "was copied by fork()",
	};
	size_t tasks = 0;
	for (size_t i = 0; i < snap->tasks.count; i++)
		tasks += snap->tasks.items[i]->loop == loop->addr;
	output_safe(out, loop->type ? loop->type : "loop", LIMIT_C_STRING);
	output_format(out, " 0x%" PRIx64, loop->addr);
	if (loop->thread >= 0) {
		output_text(out, " of ");
		reason_write_actor(out, snap, NULL, loop->thread);
	}
	output_format(out, ": %s, %zu tasks, %zu ready, %zu timers\n", states[loop->state], tasks,
		      loop->ready_count, loop->timer_count);
	if (!loop->task)
		return;
	output_text(out, "runs ");
	party_write_name(out, snap, loop->task, -1, NULL);
	output_text(out, "\n");
}

int chain_write(struct output *out, const struct view *view, size_t top)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct chain *chain = snap->chain;
	if (chain->links.count) {
		chain_write_links(out, view, 0, top);
		return 0;
	}
	if (chain->ended) {
		party_write_name(out, snap, chain->ended, -1, NULL);
		output_format(out, "  has ended: %s\n", task_state_name(chain->ended->state));
		return 0;
	}
	if (chain->loop) {
		write_loop(out, snap, chain->loop);
		return 0;
	}
	if (chain->object) {
		reason_write_object(out, chain->object);
		write_state(out, chain->object);
		output_text(out, "\n");
		write_holders(out, snap, chain->object, top);
	} else {
		output_format(out, "Future 0x%" PRIx64 "\n", chain->future);
	}
	return write_waiters(out, snap, top);
}
