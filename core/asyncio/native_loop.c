/* SPDX-License-Identifier: MIT */
/* See asyncio/native_loop.h. */
#include "asyncio/native_loop.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/dict.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/str.h"

#include <string.h>

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
			status = object_guess_word(decoder, addr + i * size, &word, &type);
		if (!status && type && word != walk->loop)
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
	    (uint64_t)type->basicsize < NATIVE_LOOP_WORDS * decoder->reader.word_size)
		return status;
	status = visit_words(&walk, loop, NATIVE_LOOP_WORDS, look_into);
	*ret = !status && walk.queues == 1;
	return status;
}

/* Words of a function made by Cython, one of which is its qualified name. */
#define FUNCTION_WORDS 24

int native_loop_is_done(struct decoder *decoder, uint64_t addr, bool *ret)
{
	const struct type *type;
	int status = object_type(decoder, addr, &type);
	*ret = false;
	if (status || !type->name || strcmp(type->name, "cython_function_or_method") != 0)
		return error_is_fatal(status) ? status : 0;
	for (uint64_t i = 2; !status && !*ret && i < FUNCTION_WORDS; i++) {
		const char *name = NULL;
		uint64_t word;
		status = object_guess_word(decoder, addr + i * decoder->reader.word_size, &word,
					   &type);
		if (!status && type && type->kind == KIND_STR)
			status = str_read(decoder, word, &name);
		*ret = !status && name && strstr(name, "run_until_complete.<locals>.done_cb");
	}
	return error_is_fatal(status) ? status : 0;
}

int native_loop_find_uv(struct reader *reader, uint64_t loop, uint64_t *ret)
{
	*ret = 0;
	for (uint64_t i = 2; i < NATIVE_LOOP_WORDS; i++) {
		uint64_t uv = 0, back = 0;
		int status = reader_word(reader, loop + i * reader->word_size, &uv);
		if (!status && uv && uv % reader->word_size == 0)
			status = reader_word(reader, uv, &back);
		if (error_is_fatal(status))
			return status;
		if (status || back != loop)
			continue;
		*ret = uv;
		return 0;
	}
	return 0;
}
