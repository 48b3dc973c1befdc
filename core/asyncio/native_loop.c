/* SPDX-License-Identifier: MIT */
/* See asyncio/native_loop.h. */
#include "asyncio/native_loop.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/dict.h"
#include "cpython/sequence.h"
#include "cpython/set.h"

#include <string.h>

/* Behind these fields is the buffer that it reads into. */
#define LOOP_WORDS 64
/* Those of an object in one of its containers; objects altogether. */
#define ITEM_WORDS 64
#define ITEMS_MAX 20000
/* A server has a list of sockets, and these know what makes a protocol. */
#define DEPTH 3

struct walk {
	struct decoder *decoder;
	uint64_t loop;
	native_loop_fn *visit;
	void *arg;
	size_t queues, items;
	unsigned int depth;
};

static int look_into(struct walk *walk, uint64_t addr, const struct type *type);

/* Call look() for each word of an object that leads to another one. */
static int visit_words(struct walk *walk, uint64_t addr, uint64_t count,
		       int (*look)(struct walk *, uint64_t, const struct type *))
{
	struct decoder *decoder = walk->decoder;
	uint64_t size = decoder->reader.word_size;
	int status = 0;
	/* Behind the header. */
	for (uint64_t i = 2; !status && i < count; i++) {
		const struct type *type = NULL;
		uint64_t word = 0;
		status = work_step(&decoder->reader.work);
		if (!status)
			status = reader_word(&decoder->reader, addr + i * size, &word);
		if (!status && word && word % size == 0 && word != walk->loop)
			status = object_guess_type(decoder, word, &type);
		if (!status && type)
			status = look(walk, word, type);
	}
	return status;
}

static int visit_word(struct walk *walk, uint64_t addr, const struct type *type)
{
	switch (type->kind) {
	case KIND_TASK:
	case KIND_FUTURE:
	case KIND_TYPE:
	case KIND_MODULE:
	case KIND_DICT:
		return 0;
	case KIND_LIST:
	case KIND_SET:
		return look_into(walk, addr, type);
	default:
		return walk->visit(walk->decoder, addr, walk->arg);
	}
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	struct walk *walk = arg;
	const struct type *type = NULL;
	if (walk->items++ == ITEMS_MAX)
		return AIODBG_LIMIT;
	int status = object_guess_type(decoder, item, &type);
	if (status || !type || type->kind != KIND_OTHER)
		return status;
	status = walk->visit(decoder, item, walk->arg);
	uint64_t words = (uint64_t)type->basicsize / decoder->reader.word_size;
	if (status || type->basicsize < 0 || walk->depth == DEPTH)
		return status;
	walk->depth++;
	status = visit_words(walk, item, words < ITEM_WORDS ? words : ITEM_WORDS, visit_word);
	walk->depth--;
	return status;
}

static int visit_value(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)key;
	return visit_item(decoder, value, arg);
}

static int visit_weakly(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	uint64_t object = 0;
	(void)key;
	int status = weakref_get(decoder, value, &object);
	return status || !object ? status : visit_item(decoder, object, arg);
}

static int look_into_weak(struct walk *walk, uint64_t addr)
{
	struct attr attr = {.name = "data"};
	int status = attrs_find(walk->decoder, addr, &attr, 1);
	return status || !attr.value ? status
				     : dict_visit(walk->decoder, attr.value, visit_weakly, walk);
}

static int look_into(struct walk *walk, uint64_t addr, const struct type *type)
{
	switch (type->kind) {
	case KIND_DEQUE:
		walk->queues++;
		return sequence_visit(walk->decoder, addr, visit_item, walk);
	case KIND_LIST:
		return sequence_visit(walk->decoder, addr, visit_item, walk);
	case KIND_SET:
		return set_visit(walk->decoder, addr, visit_item, walk);
	case KIND_DICT:
		return dict_visit(walk->decoder, addr, visit_value, walk);
	default:
		return type->name && !strcmp(type->name, "WeakValueDictionary")
			       ? look_into_weak(walk, addr)
			       : 0;
	}
}

int native_loop_visit(struct decoder *decoder, uint64_t loop, native_loop_fn *visit, void *arg,
		      bool *ret)
{
	struct walk walk = {.decoder = decoder, .loop = loop, .visit = visit, .arg = arg};
	const struct type *type;
	*ret = false;
	int status = object_type(decoder, loop, &type);
	if (status || !type->name || strcmp(type->name, "Loop") != 0 ||
	    (uint64_t)type->basicsize < LOOP_WORDS * decoder->reader.word_size)
		return status;
	status = visit_words(&walk, loop, LOOP_WORDS, look_into);
	*ret = !status && walk.queues == 1;
	return status;
}
