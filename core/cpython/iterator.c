/* SPDX-License-Identifier: MIT */
/* What iterators refer to. See cpython/iterator.h. */
#include "cpython/iterator.h"

#include "base/error.h"
#include "cpython/object.h"

#include <string.h>

/*
 * Which words behind the header are references, a bit each: Objects/iterobject.c and others beside it,
 * Python/bltinmodule.c, Modules/_collectionsmodule.c and Modules/itertoolsmodule.c, unchanged since 3.8.
 */
#define WORD(n) (1u << (n))
#define WORDS 6

static const struct {
	const char *name;
	unsigned int words;
} iterators[] = {
	{"iterator", WORD(1)},
	{"list_iterator", WORD(1)},
	{"list_reverseiterator", WORD(1)},
	{"tuple_iterator", WORD(1)},
	{"reversed", WORD(1)},
	{"enumerate", WORD(1) | WORD(2)},
	{"zip", WORD(1) | WORD(2)},
	{"map", WORD(0) | WORD(1)},
	{"filter", WORD(0) | WORD(1)},
	{"set_iterator", WORD(0)},
	{"dict_keyiterator", WORD(0) | WORD(3)},
	{"dict_valueiterator", WORD(0) | WORD(3)},
	{"dict_itemiterator", WORD(0) | WORD(3)},
	{"dict_keys", WORD(0)},
	{"dict_values", WORD(0)},
	{"dict_items", WORD(0)},
	{"odict_iterator", WORD(1) | WORD(4) | WORD(5)},
	{"odict_keys", WORD(0)},
	{"odict_values", WORD(0)},
	{"odict_items", WORD(0)},
	{"collections._deque_iterator", WORD(2)},
	{"_collections._deque_iterator", WORD(2)},
	{"itertools.cycle", WORD(0) | WORD(1)},
	{"itertools.chain", WORD(0) | WORD(1)},
	{"itertools.islice", WORD(0)},
};

int iterator_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg)
{
	const struct type *type;
	unsigned int word_size = decoder->reader.word_size, words = 0;
	/* A cell has its one reference right behind the header. */
	uint64_t first = addr + (uint64_t)decoder->layout->cell.object;
	int status = object_type(decoder, addr, &type);
	if (status)
		return status;
	const char *name = type->full_name ? type->full_name : type->name;
	for (size_t i = 0; name && i < sizeof(iterators) / sizeof(iterators[0]); i++) {
		if (!strcmp(name, iterators[i].name))
			words = iterators[i].words;
	}
	if (type->kind != KIND_ITERATOR || !words)
		return reader_corrupt(&decoder->reader, addr, "not an iterator");
	for (unsigned int i = 0; !status && i < WORDS; i++) {
		uint64_t word = 0;
		if (!(words & WORD(i)))
			continue;
		status = reader_word(&decoder->reader, first + i * word_size, &word);
		if (!status && word)
			status = visit(decoder, word, arg);
	}
	return status;
}
