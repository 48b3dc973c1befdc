/* SPDX-License-Identifier: MIT */
/*
 * Dicts. See cpython/dict.h.
 *
 * Entries follow the index table in the order of insertion, so they are walked and never
 * hashed. A split dict has its values in an array of its own (struct _dictvalues), and
 * shares the keys with other instances of a class.
 */
#include "cpython/dict.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/object.h"
#include "cpython/str.h"

#include <inttypes.h>

#define LOG2_SIZE_MAX 40

struct entries {
	uint64_t addr;
	uint64_t count;
	size_t size, key, value;
};

/*
 * Slots of the index table, and its bytes. Up to 3.10 an index has as many bytes as the
 * number of slots needs, with a sign.
 */
static bool read_index_size(const struct layout *l, const struct window *w, uint64_t *slots,
			    uint64_t *bytes)
{
	if (l->keys.table_size == LAYOUT_NONE) {
		uint64_t log2_slots = window_uint(w, (size_t)l->keys.log2_size, 1);
		uint64_t log2_bytes = window_uint(w, (size_t)l->keys.log2_index_bytes, 1);
		*slots = 1ull << (log2_slots & 63);
		*bytes = 1ull << (log2_bytes & 63);
		return log2_slots <= LOG2_SIZE_MAX && log2_bytes <= LOG2_SIZE_MAX + 3;
	}
	*slots = window_word(w, (size_t)l->keys.table_size);
	unsigned int width = *slots <= 0xff	    ? 1
			     : *slots <= 0xffff	    ? 2
			     : *slots <= 0xffffffff ? 4
						    : 8;
	*bytes = *slots * width;
	return *slots <= 1ull << LOG2_SIZE_MAX;
}

static int read_keys(struct decoder *decoder, uint64_t keys, struct entries *ret)
{
	const struct layout *l = decoder->layout;
	struct window w;
	if (!decoder_plausible(decoder, keys))
		return reader_corrupt(&decoder->reader, keys, "dict without keys");
	int code = window_read(&decoder->reader, keys, (size_t)l->keys.indices, &w);
	if (code)
		return code;
	uint64_t slots, index_bytes;
	ret->count = window_word(&w, (size_t)l->keys.nentries);
	if (!read_index_size(l, &w, &slots, &index_bytes) || ret->count > slots)
		return reader_corrupt(&decoder->reader, keys, "dict keys of impossible size");
	if (ret->count > LIMIT_DICT_ENTRIES)
		return error_at(&decoder->reader.error, AIODBG_LIMIT, keys,
				"dict of %" PRIu64 " entries", ret->count);
	bool general = l->keys.kind == LAYOUT_NONE ||
		       (int32_t)window_uint(&w, (size_t)l->keys.kind, 1) == l->fact.keys_general;
	ret->addr = keys + (uint64_t)l->keys.indices + index_bytes;
	ret->size = (size_t)(general ? l->entry.size : l->uentry.size);
	ret->key = (size_t)(general ? l->entry.key : l->uentry.key);
	ret->value = (size_t)(general ? l->entry.value : l->uentry.value);
	return 0;
}

/* Entries that were read at once. values: the array of a split dict, or 0. */
static int visit_window(struct decoder *decoder, const struct entries *entries,
			const struct window *w, uint64_t first, uint64_t values,
			dict_visit_fn *visit, void *arg)
{
	unsigned int word = decoder->reader.word_size;
	for (size_t at = 0; at < w->len; at += entries->size, first++) {
		uint64_t key = window_word(w, at + entries->key);
		uint64_t value = window_word(w, at + entries->value);
		int code = 0;
		if (values)
			code = reader_word(&decoder->reader, values + first * word, &value);
		if (!code && key && value)
			code = visit(decoder, key, value, arg);
		if (code)
			return code;
	}
	return 0;
}

static int visit_entries(struct decoder *decoder, const struct entries *entries, uint64_t values,
			 uint64_t value_count, dict_visit_fn *visit, void *arg)
{
	size_t step = WINDOW_MAX / entries->size;
	uint64_t count = entries->count;
	struct gaps gaps = {0};
	if (values && count > value_count)
		count = value_count;
	struct window w;
	for (uint64_t i = 0; i < count; i += step) {
		size_t part = count - i < step ? (size_t)(count - i) : step;
		int code = work_charge(&decoder->reader.work, part);
		if (!code)
			code = window_read(&decoder->reader, entries->addr + i * entries->size,
					   part * entries->size, &w);
		if (!code)
			code = visit_window(decoder, entries, &w, i, values, visit, arg);
		code = decoder_pass_gap(decoder, &gaps, code);
		if (code)
			return code;
	}
	return decoder_gaps(decoder, &gaps);
}

int dict_visit_values(struct decoder *decoder, uint64_t keys, uint64_t values, dict_visit_fn *visit,
		      void *arg)
{
	const struct layout *l = decoder->layout;
	struct entries entries = {0};
	int code = read_keys(decoder, keys, &entries);
	uint64_t count = entries.count;
	uint8_t capacity;
	if (!code && l->values.capacity != LAYOUT_NONE) {
		code = reader_u8(&decoder->reader, values + (uint64_t)l->values.capacity,
				 &capacity);
		count = capacity;
	}
	if (code)
		return code;
	/* Up to 3.10 it is a bare array. */
	uint64_t items = l->values.items == LAYOUT_NONE ? 0 : (uint64_t)l->values.items;
	return visit_entries(decoder, &entries, values + items, count, visit, arg);
}

int dict_visit(struct decoder *decoder, uint64_t addr, dict_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	struct window w;
	struct entries entries;
	int code = object_expect(decoder, addr, KIND_DICT, "dict");
	if (!code)
		code = window_read(&decoder->reader, addr, (size_t)l->dict.size, &w);
	if (code)
		return code;
	uint64_t keys = window_word(&w, (size_t)l->dict.keys);
	uint64_t values = window_word(&w, (size_t)l->dict.values);
	if (values)
		return dict_visit_values(decoder, keys, values, visit, arg);
	code = read_keys(decoder, keys, &entries);
	if (code)
		return code;
	return visit_entries(decoder, &entries, 0, 0, visit, arg);
}

struct lookup {
	const char *key;
	uint64_t value;
};

static int visit_lookup(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct lookup *lookup = arg;
	bool equal;
	int code = str_equals(decoder, key, lookup->key, &equal);
	if (!code && equal)
		lookup->value = value;
	return code;
}

int dict_get(struct decoder *decoder, uint64_t addr, const char *key, uint64_t *ret)
{
	struct lookup lookup = {.key = key};
	int code = dict_visit(decoder, addr, visit_lookup, &lookup);
	*ret = lookup.value;
	return code;
}
