/* SPDX-License-Identifier: MIT */
/* Exception tables. See cpython/exctable.h. */
#include "cpython/exctable.h"

/* Bits of a byte: more follow, and the number's own. Bit 7 marks the first byte of an entry. */
#define MORE 0x40
#define DIGIT 0x3f
/* Groups of six bits in 32. */
#define DIGITS_MAX 6

struct cursor {
	const uint8_t *at, *end;
};

/* A number, the most significant bits first; false behind the end, or if it is too large. */
static bool read_number(struct cursor *cursor, uint32_t *ret)
{
	uint64_t value = 0;
	for (int i = 0; i < DIGITS_MAX && cursor->at < cursor->end; i++) {
		uint8_t byte = *cursor->at++;
		value = value << 6 | (byte & DIGIT);
		if (byte & MORE)
			continue;
		*ret = (uint32_t)value;
		return value <= UINT32_MAX;
	}
	return false;
}

static bool read_entry(struct cursor *cursor, struct exctable_entry *ret)
{
	uint32_t length, depth;
	if (!read_number(cursor, &ret->start) || !read_number(cursor, &length) ||
	    !read_number(cursor, &ret->target) || !read_number(cursor, &depth))
		return false;
	if (length > UINT32_MAX - ret->start)
		return false;
	ret->end = ret->start + length;
	ret->depth = depth >> 1;
	ret->lasti = depth & 1;
	return true;
}

bool exctable_find(const uint8_t *table, size_t size, uint32_t unit, struct exctable_entry *ret)
{
	struct cursor cursor = {table, table + size};
	while (read_entry(&cursor, ret)) {
		if (unit >= ret->start && unit < ret->end)
			return true;
	}
	return false;
}

uint32_t exctable_begin(const uint8_t *table, size_t size, const struct exctable_entry *like)
{
	struct cursor cursor = {table, table + size};
	struct exctable_entry entry;
	uint32_t begin = like->start;
	while (read_entry(&cursor, &entry)) {
		if (entry.target == like->target && entry.depth == like->depth &&
		    entry.start < begin)
			begin = entry.start;
	}
	return begin;
}
