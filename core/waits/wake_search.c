/* SPDX-License-Identifier: MIT */
/*
 * Whom something may wake: references lead from a transport to its protocol, from there to a reader
 * or a queue, and to the future that a task waits for.
 */
#include "waits/wake_search.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/object.h"
#include "cpython/sequence.h"
#include "cpython/set.h"

#include <string.h>

struct place {
	uint64_t addr;
	int depth;
};

ARRAY(places, struct place);

struct search {
	struct decoder *decoder;
	uint64_t loop;
	const struct addrmap *by_future;
	struct places queue;
	struct addrmap seen;
	int depth;
	struct loop_tasks *found;
};

static int add(struct search *search, uint64_t addr)
{
	const struct place place = {addr, search->depth + 1};
	if (!addr || search->depth == LIMIT_WAKE_DEPTH || addrmap_get(&search->seen, addr) ||
	    search->queue.count == LIMIT_WAKE_OBJECTS)
		return 0;
	bool added = addrmap_put(&search->seen, addr, search) && array_push(&search->queue, place);
	return added ? 0 : decoder_no_memory(search->decoder);
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
	if (addr == search->loop || !type->name)
		return true;
	return !strcmp(type->name, "socket") || !strcmp(type->name, "Server");
}

static int meet(struct search *search, uint64_t future)
{
	const struct task *task = addrmap_get(search->by_future, future);
	return !task || array_push(search->found, task) ? 0 : decoder_no_memory(search->decoder);
}

/* An object of a type made in C, or derived from one: each of its words that is the address of an
 * object may be one that it refers to. */
static int look_at_words(struct search *search, uint64_t addr, const struct type *type)
{
	uint64_t size = search->decoder->reader.word_size;
	int status = 0;
	if (type->basicsize > LIMIT_WORDS_SEARCHED)
		return 0;
	for (uint64_t at = 2 * size; !status && at < (uint64_t)type->basicsize; at += size) {
		const struct type *found;
		uint64_t word;
		status = object_guess_word(search->decoder, addr + at, &word, &found);
		if (!status && found && found->kind != KIND_TYPE)
			status = add(search, word);
	}
	return error_is_fatal(status) ? status : 0;
}

static int look_at(struct search *search, uint64_t addr)
{
	struct decoder *decoder = search->decoder;
	const struct type *type;
	uint64_t referent;
	int status = object_guess_type(decoder, addr, &type);
	if (status || !type || is_outside(search, addr, type))
		return status;
	switch (type->kind) {
	case KIND_FUTURE:
	case KIND_TASK:
		return meet(search, addr);
	case KIND_OTHER:
		/* A future of a class made in C, too. */
		if (addrmap_get(search->by_future, addr))
			return meet(search, addr);
		status = attrs_visit(decoder, addr, visit_attribute, search);
		return error_is_fatal(status) ? status : look_at_words(search, addr, type);
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

int wake_search(struct decoder *decoder, uint64_t loop, const struct addrmap *by_future,
		uint64_t from, struct loop_tasks *found)
{
	struct search search = {
		.decoder = decoder, .loop = loop, .by_future = by_future, .found = found};
	int status = add(&search, from);
	/* The nearest who waits is the one. */
	for (size_t i = 0; !status && i < search.queue.count; i++) {
		if (found->count && search.queue.items[i].depth > search.depth)
			break;
		search.depth = search.queue.items[i].depth;
		status = work_step(&decoder->reader.work);
		if (!status)
			status = look_at(&search, search.queue.items[i].addr);
		if (!error_is_fatal(status))
			status = 0;
	}
	addrmap_deinit(&search.seen);
	array_deinit(&search.queue);
	return status;
}
