/* SPDX-License-Identifier: MIT */
/*
 * Context variables. See cpython/context.h.
 *
 * They are in a hash array mapped trie. An array node has 32 pointers to nodes. The two other
 * kinds have pairs of a variable and its value; in a bitmap node the variable may be NULL, and
 * then the value is a node.
 */
#include "cpython/context.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/object.h"
#include "cpython/str.h"

#define ARRAY_NODE_ITEMS 32

/* A node on the way from the root, and how far it was gone through. */
struct level {
	uint64_t items;
	uint64_t count, next;
	bool is_array;
};

struct context_walk {
	struct decoder *decoder;
	struct level levels[LIMIT_CONTEXT_LEVELS];
	size_t depth;
	size_t nodes, variables;
	context_visit_fn *visit;
	void *arg;
};

static int enter_node(struct context_walk *walk, uint64_t addr)
{
	struct decoder *decoder = walk->decoder;
	const struct layout *l = decoder->layout;
	const struct type *type;
	uint64_t length;
	if (walk->depth == LIMIT_CONTEXT_LEVELS || walk->nodes++ == LIMIT_CONTEXT_NODES)
		return reader_corrupt(&decoder->reader, addr, "context without end");
	int code = object_type(decoder, addr, &type);
	if (code)
		return code;
	struct level *level = &walk->levels[walk->depth];
	level->next = 0;
	/* Their names are of no use: a core may have come without them. */
	level->is_array = type->basicsize == l->arraynode.size;
	if (level->is_array) {
		level->items = addr + (uint64_t)l->arraynode.items;
		level->count = ARRAY_NODE_ITEMS;
	} else {
		code = reader_word(&decoder->reader, addr + (uint64_t)l->bitmapnode.length,
				   &length);
		if (!code && length % 2)
			code = reader_corrupt(&decoder->reader, addr, "not a node of a context");
		level->items = addr + (uint64_t)l->bitmapnode.items;
		level->count = length / 2;
	}
	if (!code)
		walk->depth++;
	return code;
}

static int visit_variable(struct context_walk *walk, uint64_t variable, uint64_t value)
{
	struct decoder *decoder = walk->decoder;
	uint64_t name_addr;
	const char *name;
	if (walk->variables++ == LIMIT_CONTEXT_VARIABLES)
		return error_at(&decoder->reader.error, AIODBG_LIMIT, variable,
				"more than %d context variables", LIMIT_CONTEXT_VARIABLES);
	int code = reader_word(&decoder->reader,
			       variable + (uint64_t)decoder->layout->contextvar.name, &name_addr);
	if (!code)
		code = str_read(decoder, name_addr, &name);
	if (code) {
		error_prefix(&decoder->reader.error, "name of a context variable");
		return code;
	}
	return walk->visit(decoder, name, value, walk->arg);
}

/* The next item of the innermost node. */
static int step(struct context_walk *walk)
{
	struct reader *reader = &walk->decoder->reader;
	struct level *level = &walk->levels[walk->depth - 1];
	uint64_t word = reader->word_size;
	uint64_t key = 0, value;
	uint64_t at = level->items + level->next++ * (level->is_array ? word : 2 * word);
	int code = level->is_array ? 0 : reader_word(reader, at, &key);
	if (!code)
		code = reader_word(reader, level->is_array ? at : at + word, &value);
	if (code)
		return code;
	if (key)
		return visit_variable(walk, key, value);
	return value ? enter_node(walk, value) : 0;
}

int context_visit(struct decoder *decoder, uint64_t addr, context_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	struct context_walk walk = {.decoder = decoder, .visit = visit, .arg = arg};
	uint64_t map, root;
	const struct type *type;
	int code = object_type(decoder, addr, &type);
	if (!code)
		code = reader_word(&decoder->reader, addr + (uint64_t)l->context.vars, &map);
	if (!code)
		code = reader_word(&decoder->reader, map + (uint64_t)l->hamt.root, &root);
	if (!code)
		code = enter_node(&walk, root);
	while (!code && walk.depth) {
		struct level *level = &walk.levels[walk.depth - 1];
		if (level->next == level->count)
			walk.depth--;
		else
			code = step(&walk);
	}
	return code;
}
