/* SPDX-License-Identifier: MIT */
/*
 * Whom something may wake: references lead from a transport to its protocol, from there to a reader
 * or a queue, and to the future that a task waits for.
 */
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "waits/detailing.h"

#include <string.h>

struct place {
	uint64_t addr;
	int depth;
};

ARRAY(places, struct place);

struct search {
	struct detailing *detailing;
	struct places queue;
	struct addrmap seen;
	int depth;
	struct loop_tasks *found;
};

static int add(struct search *search, uint64_t addr)
{
	struct decoder *decoder = search->detailing->decoder;
	const struct place place = {addr, search->depth + 1};
	if (!addr || search->depth == LIMIT_WAKE_DEPTH || addrmap_get(&search->seen, addr) ||
	    search->queue.count == LIMIT_WAKE_OBJECTS)
		return 0;
	bool added = addrmap_put(&search->seen, addr, search) && array_push(&search->queue, place);
	return added ? 0 : decoder_no_memory(decoder);
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	(void)decoder;
	return add(arg, item);
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)decoder, (void)key;
	return add(arg, value);
}

/* Loops and sockets lead to everything else. */
static bool is_outside(const struct search *search, uint64_t addr, const struct type *type)
{
	if (addr == search->detailing->detail->loop->addr || !type->name)
		return true;
	return !strcmp(type->name, "socket") || !strcmp(type->name, "Server");
}

static int look_at(struct search *search, uint64_t addr)
{
	struct decoder *decoder = search->detailing->decoder;
	const struct type *type;
	uint64_t referent;
	int status = object_guess_type(decoder, addr, &type);
	if (status || !type || is_outside(search, addr, type))
		return status;
	switch (type->kind) {
	case KIND_FUTURE:
	case KIND_TASK: {
		const struct task *task = addrmap_get(&search->detailing->by_future, addr);
		if (task && !array_push(search->found, task))
			return decoder_no_memory(decoder);
		return 0;
	}
	case KIND_OTHER:
		return attrs_visit(decoder, addr, visit_attribute, search);
	case KIND_LIST:
	case KIND_TUPLE:
	case KIND_DEQUE:
		return sequence_visit(decoder, addr, visit_item, search);
	case KIND_SET:
		return set_visit(decoder, addr, visit_item, search);
	case KIND_DICT:
		return dict_visit(decoder, addr, visit_attribute, search);
	case KIND_WEAKREF:
		status = weakref_get(decoder, addr, &referent);
		return status ? status : add(search, referent);
	default:
		return 0;
	}
}

int wake_search(struct detailing *detailing, uint64_t from, struct loop_tasks *found)
{
	struct search search = {.detailing = detailing, .found = found};
	int status = add(&search, from);
	/* The nearest who waits is the one. */
	for (size_t i = 0; !status && i < search.queue.count; i++) {
		if (found->count && search.queue.items[i].depth > search.depth)
			break;
		search.depth = search.queue.items[i].depth;
		status = work_step(&detailing->decoder->reader.work);
		if (!status)
			status = look_at(&search, search.queue.items[i].addr);
		if (!error_is_fatal(status))
			status = 0;
	}
	addrmap_deinit(&search.seen);
	array_deinit(&search.queue);
	return status;
}
