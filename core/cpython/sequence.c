/* SPDX-License-Identifier: MIT */
/* Tuples, lists and deques. See cpython/sequence.h. */
#include "cpython/sequence.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/object.h"

#include <inttypes.h>

/* Items of a deque's block: BLOCKLEN. */
#define BLOCK_ITEMS 64

static int check_length(struct decoder *decoder, uint64_t addr, uint64_t length)
{
	if (length <= LIMIT_SEQUENCE)
		return 0;
	return error_at(&decoder->reader.error, AIODBG_LIMIT, addr, "sequence of %" PRIu64 " items",
			length);
}

static int visit_array(struct decoder *decoder, uint64_t items, uint64_t count,
		       sequence_visit_fn *visit, void *arg)
{
	unsigned int word = decoder->reader.word_size;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t item;
		int code = work_step(&decoder->reader.work);
		if (!code)
			code = reader_word(&decoder->reader, items + i * word, &item);
		if (!code && item)
			code = visit(decoder, item, arg);
		if (code)
			return code;
	}
	return 0;
}

static int visit_tuple(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	uint64_t length;
	int code = reader_word(&decoder->reader, addr + (uint64_t)l->tuple.length, &length);
	if (!code)
		code = check_length(decoder, addr, length);
	if (code)
		return code;
	return visit_array(decoder, addr + (uint64_t)l->tuple.items, length, visit, arg);
}

static int visit_list(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	struct window w;
	int code = window_read(&decoder->reader, addr, (size_t)l->list.size, &w);
	if (code)
		return code;
	uint64_t length = window_word(&w, (size_t)l->list.length);
	/* A list that is being resized may claim more than it has room for. */
	uint64_t allocated = window_word(&w, (size_t)l->list.allocated);
	if (length > allocated)
		length = allocated;
	code = check_length(decoder, addr, length);
	if (code)
		return code;
	return visit_array(decoder, window_word(&w, (size_t)l->list.items), length, visit, arg);
}

static int visit_deque(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	unsigned int word = decoder->reader.word_size;
	struct window w;
	int code = window_read(&decoder->reader, addr, (size_t)l->deque.leftindex + word, &w);
	if (code)
		return code;
	uint64_t left = window_word(&w, (size_t)l->deque.length);
	uint64_t block = window_word(&w, (size_t)l->deque.leftblock);
	uint64_t index = window_word(&w, (size_t)l->deque.leftindex);
	code = check_length(decoder, addr, left);
	while (!code && left > 0) {
		if (index >= BLOCK_ITEMS)
			return reader_corrupt(&decoder->reader, addr, "deque with a bad index");
		uint64_t count = left < BLOCK_ITEMS - index ? left : BLOCK_ITEMS - index;
		code = visit_array(decoder, block + (uint64_t)l->block.data + index * word, count,
				   visit, arg);
		left -= count;
		index = 0;
		if (!code && left > 0)
			code = reader_word(&decoder->reader, block + (uint64_t)l->block.rightlink,
					   &block);
	}
	return code;
}

int sequence_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg)
{
	const struct type *type;
	int code = object_type(decoder, addr, &type);
	if (code)
		return code;
	switch (type->kind) {
	case KIND_TUPLE:
		return visit_tuple(decoder, addr, visit, arg);
	case KIND_LIST:
		return visit_list(decoder, addr, visit, arg);
	case KIND_DEQUE:
		return visit_deque(decoder, addr, visit, arg);
	default:
		return reader_corrupt(&decoder->reader, addr, "not a tuple, list or deque");
	}
}

/* A list of which the first items have been taken. */
static int visit_list_queue(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit,
			    void *arg)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	uint64_t list, first, length, items;
	int code = reader_word(reader, addr + (uint64_t)l->simplequeue.list, &list);
	if (!code)
		code = reader_word(reader, addr + (uint64_t)l->simplequeue.list_first, &first);
	if (!code)
		code = object_expect(decoder, list, KIND_LIST, "queue");
	if (!code)
		code = reader_word(reader, list + (uint64_t)l->list.length, &length);
	if (!code)
		code = check_length(decoder, list, length);
	if (!code)
		code = reader_word(reader, list + (uint64_t)l->list.items, &items);
	if (code || first >= length)
		return code;
	return visit_array(decoder, items + first * reader->word_size, length - first, visit, arg);
}

/* A ring, of which the items may go over the end. */
static int visit_ring_queue(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit,
			    void *arg)
{
	const struct layout *l = decoder->layout;
	unsigned int word = decoder->reader.word_size;
	struct window w;
	int code = window_read(&decoder->reader, addr, (size_t)l->simplequeue.size, &w);
	if (code)
		return code;
	uint64_t first = window_word(&w, (size_t)l->simplequeue.ring_first);
	uint64_t items = window_word(&w, (size_t)l->simplequeue.ring);
	uint64_t size = window_word(&w, (size_t)l->simplequeue.ring_size);
	uint64_t count = window_word(&w, (size_t)l->simplequeue.ring_count);
	code = check_length(decoder, addr, count);
	if (code || !count)
		return code;
	if (first >= size || count > size)
		return reader_corrupt(&decoder->reader, addr, "queue with a bad index");
	uint64_t part = count < size - first ? count : size - first;
	code = visit_array(decoder, items + first * word, part, visit, arg);
	return code ? code : visit_array(decoder, items, count - part, visit, arg);
}

int simple_queue_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg)
{
	int code = object_expect(decoder, addr, KIND_SIMPLE_QUEUE, "queue");
	if (code)
		return code;
	if (decoder->layout->simplequeue.ring != LAYOUT_NONE)
		return visit_ring_queue(decoder, addr, visit, arg);
	return visit_list_queue(decoder, addr, visit, arg);
}

int container_length(struct decoder *decoder, uint64_t addr, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	const struct type *type;
	int32_t offset;
	*ret = 0;
	int code = object_type(decoder, addr, &type);
	if (code)
		return code;
	switch (type->kind) {
	case KIND_TUPLE:
		offset = l->tuple.length;
		break;
	case KIND_LIST:
		offset = l->list.length;
		break;
	case KIND_DEQUE:
		offset = l->deque.length;
		break;
	case KIND_SET:
		offset = l->set.used;
		break;
	case KIND_DICT:
		offset = l->dict.used;
		break;
	default:
		return reader_corrupt(&decoder->reader, addr, "not a container");
	}
	return reader_word(&decoder->reader, addr + (uint64_t)offset, ret);
}

int tuple_item(struct decoder *decoder, uint64_t addr, uint64_t index, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t length;
	int code = object_expect(decoder, addr, KIND_TUPLE, "tuple");
	if (!code)
		code = reader_word(&decoder->reader, addr + (uint64_t)l->tuple.length, &length);
	if (code)
		return code;
	if (index >= length)
		return reader_corrupt(&decoder->reader, addr, "tuple with too few items");
	return reader_word(&decoder->reader,
			   addr + (uint64_t)l->tuple.items + index * decoder->reader.word_size,
			   ret);
}
