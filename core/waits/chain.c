/* SPDX-License-Identifier: MIT */
/* Chains of reasons. See waits/chain.h. */
#include "waits/chain.h"

#include "base/error.h"
#include "cpython/object.h"
#include "snapshot/find.h"
#include "snapshot/graph.h"
#include "snapshot/source.h"

#include <inttypes.h>
#include <stdlib.h>

/* Links whose source is read: more than a screen shows. */
#define LINKS_WITH_SOURCE 100

struct walk {
	struct aiodbg_snapshot *snap;
	const struct waits *waits;
	/* 1 and its index in the chain, by task and then by thread; 0: it is not in it. */
	size_t *places;
	/* The best of those that can wake the last link, and how good it is; how many there are. */
	struct chain_link best;
	int rank;
	size_t count;
};

static size_t *place_of(struct walk *walk, const struct chain_link *link)
{
	size_t index = link->task ? link->task->index
				  : walk->snap->tasks.count + (size_t)link->thread;
	return &walk->places[index];
}

static bool is_listed(const struct walk *walk, const struct task *task)
{
	return task->index < walk->snap->tasks.count &&
	       walk->snap->tasks.items[task->index] == task;
}

/* Who is stuck says more than who sleeps or runs, and that more than who was there before. */
static int rank_of(struct walk *walk, const struct chain_link *link)
{
	if (*place_of(walk, link))
		return 1;
	if (!link->wait || !link->wait->blocked || link->wait->kind == WAIT_TIMER)
		return 2;
	return 3;
}

static void offer(struct walk *walk, struct chain_link link)
{
	if (link.task && !is_listed(walk, link.task))
		return;
	if (link.task)
		link.wait = &walk->waits->of_tasks[link.task->index];
	else
		link.wait = &walk->waits->of_threads[link.thread];
	int rank = rank_of(walk, &link);
	walk->count++;
	if (rank <= walk->rank)
		return;
	walk->rank = rank;
	walk->best = link;
}

static void offer_thread(struct walk *walk, ptrdiff_t thread, enum relation relation)
{
	offer(walk, (struct chain_link){.relation = relation, .thread = thread});
}

static void offer_holders(struct walk *walk, struct primitive *object)
{
	for (size_t i = 0; i < object->holders.count; i++) {
		struct holder *holder = &object->holders.items[i];
		offer(walk, (struct chain_link){
				    .relation = RELATION_HOLDS,
				    .task = holder->task,
				    .thread = holder->thread,
				    .object = object,
				    .holder = holder,
			    });
	}
}

/* A task that could run does not before its loop does. */
static void offer_loop(struct walk *walk, const struct task *task)
{
	const struct loops *loops = &walk->waits->loops;
	for (size_t i = 0; i < loops->count; i++) {
		const struct loop *loop = &loops->items[i];
		if (loop->addr == task->loop && loop->state == LOOP_BUSY && loop->task != task &&
		    loop->thread >= 0)
			offer_thread(walk, loop->thread, RELATION_RUNS_LOOP);
	}
}

static void offer_awaited(struct walk *walk, const struct task *task)
{
	for (size_t i = 0; i < task->awaited_count; i++) {
		struct task *awaited = task->awaited[i]->task;
		if (task_is_pending(awaited))
			offer(walk, (struct chain_link){.relation = RELATION_AWAITED,
							.task = awaited,
							.thread = -1});
	}
}

static void offer_wakers(struct walk *walk, const struct chain_link *link)
{
	const struct wait *wait = link->wait;
	walk->rank = 0;
	walk->count = 0;
	if (link->task && wait->kind == WAIT_READY)
		offer_loop(walk, link->task);
	if (!wait->blocked)
		return;
	if (wait->for_tasks && link->task)
		offer_awaited(walk, link->task);
	else if (wait->task)
		offer(walk, (struct chain_link){.relation = RELATION_AWAITED,
						.task = wait->task,
						.thread = -1});
	else if (wait->peer_task)
		offer(walk, (struct chain_link){.relation = RELATION_PEER,
						.task = wait->peer_task,
						.thread = -1});
	else if (wait->thread >= 0)
		offer_thread(walk, wait->thread, RELATION_WORKS);
	else if (wait->queued)
		for (size_t i = 0; i < wait->worker_count; i++)
			offer_thread(walk,
				     (ptrdiff_t)walk->waits->workers.items[wait->first_worker + i],
				     RELATION_WORKS);
	else if (wait->object)
		offer_holders(walk, wait->object);
}

static int follow(struct walk *walk, struct reader *reader, struct chain *chain)
{
	for (;;) {
		const struct chain_link *last = &chain->links.items[chain->links.count - 1];
		size_t *place = place_of(walk, last);
		int status = work_charge(&reader->work, 1);
		if (status)
			return status;
		*place = chain->links.count;
		offer_wakers(walk, last);
		if (!walk->rank)
			return 0;
		size_t known = *place_of(walk, &walk->best);
		if (known) {
			chain->circle = (ptrdiff_t)known - 1;
			return 0;
		}
		walk->best.others = walk->count - 1;
		if (!array_push(&chain->links, walk->best))
			return error_no_memory(&reader->error);
	}
}

static int read_site(struct sources *sources, struct site *site)
{
	if (!site->location || site->text)
		return 0;
	return source_of(sources, site->location, site->line, &site->text);
}

static int read_sites(struct sources *sources, struct chain *chain)
{
	int status = 0;
	for (size_t i = 0; !status && i < chain->links.count && i < LINKS_WITH_SOURCE; i++) {
		struct chain_link *link = &chain->links.items[i];
		if (link->wait)
			status = read_site(sources, &link->wait->site);
		if (!status && link->holder)
			status = read_site(sources, &link->holder->site);
	}
	struct primitive *object = chain->object;
	for (size_t i = 0; !status && object && i < object->holders.count && i < LINKS_WITH_SOURCE;
	     i++)
		status = read_site(sources, &object->holders.items[i].site);
	return status;
}

static int read_sources(struct decoder *decoder, const struct aiodbg_snapshot *snap,
			struct chain *chain)
{
	struct sources sources;
	sources_init(&sources, decoder, snap);
	int status = read_sites(&sources, chain);
	sources_deinit(&sources);
	return status;
}

static int decode_task_chain(struct decoder *decoder, struct aiodbg_snapshot *snap,
			     struct task *task, struct chain *chain)
{
	struct walk walk = {
		.snap = snap,
		.waits = snap->waits,
		.places = calloc(snap->tasks.count + snap->threads.count + 1, sizeof(size_t)),
	};
	const struct chain_link first = {
		.task = task,
		.thread = -1,
		.wait = &snap->waits->of_tasks[task->index],
	};
	int status = 0;
	if (!walk.places || !array_push(&chain->links, first))
		status = decoder_no_memory(decoder);
	if (!status)
		status = follow(&walk, &decoder->reader, chain);
	free(walk.places);
	return status;
}

/* ---- objects ---- */

static struct primitive *find_primitive(const struct waits *waits, uint64_t addr)
{
	for (size_t i = 0; i < waits->primitives.count; i++) {
		if (waits->primitives.items[i]->addr == addr)
			return waits->primitives.items[i];
	}
	return NULL;
}

static struct loop *find_loop(const struct waits *waits, uint64_t addr)
{
	for (size_t i = 0; i < waits->loops.count; i++) {
		if (waits->loops.items[i].addr == addr)
			return &waits->loops.items[i];
	}
	return NULL;
}

static bool is_awaited_future(const struct aiodbg_snapshot *snap, uint64_t addr)
{
	for (size_t i = 0; i < snap->tasks.count; i++) {
		if (snap->waits->of_tasks[i].future == addr)
			return true;
	}
	return false;
}

/* Say what was looked for, and what is there. */
static int not_found(struct decoder *decoder, uint64_t addr)
{
	struct aiodbg_error *error = &decoder->reader.error;
	const struct type *type = NULL;
	int status = object_guess_type(decoder, addr, &type);
	if (status)
		return status;
	if (!type || !type->name)
		return error_at(error, AIODBG_NOT_FOUND, addr,
				"no task, and no lock, queue, event or other object");
	return error_at(error, AIODBG_NOT_FOUND, addr,
			"a %.80s, for which no task or thread waits, and which none is seen to "
			"hold",
			type->name);
}

int chain_decode(struct decoder *decoder, struct aiodbg_snapshot *snap)
{
	struct chain *chain;
	uint64_t subject = snap->subject;
	int status = decoder_alloc(decoder, sizeof(*chain), (void **)&chain);
	if (status)
		return status;
	snap->chain = chain;
	chain->circle = -1;
	struct task *task = find_task_with_id(snap, subject);
	const struct node *node = task ? NULL : graph_find(snap->graph, subject);
	if (task)
		status = decode_task_chain(decoder, snap, task, chain);
	else if (node && node->task)
		chain->ended = node->task;
	else
		chain->object = find_primitive(snap->waits, subject);
	bool is_found = task || chain->ended || chain->object;
	if (!is_found && is_awaited_future(snap, subject))
		chain->future = subject;
	else if (!is_found)
		chain->loop = find_loop(snap->waits, subject);
	if (!is_found && !chain->future && !chain->loop)
		return not_found(decoder, subject);
	return status ? status : read_sources(decoder, snap, chain);
}

void chain_deinit(struct chain *chain)
{
	array_deinit(&chain->links);
}
