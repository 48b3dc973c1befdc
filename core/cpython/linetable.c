/* SPDX-License-Identifier: MIT */
/*
 * Location tables. See cpython/linetable.h.
 *
 * A location table is a sequence of entries. The first byte of each has bit 7 set, a form in bits
 * 3 to 6 and the number of code units it covers, less one, in bits 0 to 2. What follows
 * depends on the form; lines are differences from the entry before.
 */
#include "cpython/linetable.h"

enum form {
	/* 0 to 9: one line, columns in one byte. */
	FORM_SHORT_LAST = 9,
	/* 10 to 12: that many lines less 10 further down, columns in two bytes. */
	FORM_ONE_LINE_FIRST = 10,
	FORM_ONE_LINE_LAST = 12,
	FORM_NO_COLUMNS = 13,
	FORM_LONG = 14,
	FORM_NONE = 15,
};

struct cursor {
	const uint8_t *bytes;
	size_t size, at;
	bool overrun;
};

static uint8_t next_byte(struct cursor *cursor)
{
	if (cursor->at >= cursor->size) {
		cursor->overrun = true;
		return 0;
	}
	return cursor->bytes[cursor->at++];
}

/* Groups of six bits, the lowest first; bit 6 says that another follows. No number in a
 * table that is whole has more than 31 bits. */
static int32_t next_varint(struct cursor *cursor)
{
	uint64_t value = 0;
	for (unsigned int shift = 0; shift < 36; shift += 6) {
		uint8_t byte = next_byte(cursor);
		value |= (uint64_t)(byte & 0x3f) << shift;
		if (byte & 0x40)
			continue;
		if (value <= INT32_MAX)
			return (int32_t)value;
		break;
	}
	cursor->overrun = true;
	return 0;
}

/* The sign is the lowest bit. */
static int32_t next_signed_varint(struct cursor *cursor)
{
	int32_t value = next_varint(cursor);
	return value & 1 ? -(value >> 1) : value >> 1;
}

/* Damaged tables may add up to anything; the sum wraps and means nothing then. */
static int32_t add_lines(int32_t line, int32_t delta)
{
	return (int32_t)((uint32_t)line + (uint32_t)delta);
}

/* Reads what follows the first byte of an entry; *line is the running line. */
static void next_position(struct cursor *cursor, unsigned int form, int32_t *line,
			  struct position *ret)
{
	*ret = (struct position){-1, -1, -1, -1};
	if (form == FORM_NONE)
		return;
	if (form == FORM_LONG) {
		*line = add_lines(*line, next_signed_varint(cursor));
		ret->end_line = add_lines(*line, next_varint(cursor));
		ret->column = next_varint(cursor) - 1;
		ret->end_column = next_varint(cursor) - 1;
	} else if (form == FORM_NO_COLUMNS) {
		*line = add_lines(*line, next_signed_varint(cursor));
		ret->end_line = *line;
	} else if (form >= FORM_ONE_LINE_FIRST) {
		*line = add_lines(*line, (int32_t)form - FORM_ONE_LINE_FIRST);
		ret->end_line = *line;
		ret->column = next_byte(cursor);
		ret->end_column = next_byte(cursor);
	} else {
		uint8_t byte = next_byte(cursor);
		ret->end_line = *line;
		ret->column = (int32_t)(form << 3 | byte >> 4);
		ret->end_column = ret->column + (byte & 15);
	}
	ret->line = *line;
}

static bool find_location(const uint8_t *table, size_t size, int32_t firstlineno, uint32_t unit,
			  struct position *ret)
{
	struct cursor cursor = {.bytes = table, .size = size};
	int32_t line = firstlineno;
	uint64_t end = 0;
	while (cursor.at < size) {
		uint8_t first = next_byte(&cursor);
		if (!(first & 0x80))
			break;
		next_position(&cursor, first >> 3 & 15, &line, ret);
		if (cursor.overrun)
			break;
		end += (first & 7u) + 1;
		if (unit < end)
			return true;
	}
	return false;
}

/* Pairs of bytes: how much further on the next line begins, and its distance. */
static bool find_lnotab(const uint8_t *table, size_t size, int32_t firstlineno, uint32_t unit,
			struct position *ret)
{
	uint64_t start = 0;
	ret->line = firstlineno;
	for (size_t i = 0; i + 1 < size; i += 2) {
		start += table[i];
		if (start > (uint64_t)unit * 2)
			break;
		ret->line = add_lines(ret->line, (int8_t)table[i + 1]);
	}
	return true;
}

/* Pairs of bytes: length of a range, and the distance of its line; -128 is no line. */
static bool find_range(const uint8_t *table, size_t size, int32_t firstlineno, uint32_t unit,
		       struct position *ret)
{
	uint64_t end = 0;
	int32_t line = firstlineno;
	for (size_t i = 0; i + 1 < size; i += 2) {
		int8_t delta = (int8_t)table[i + 1];
		end += table[i];
		if (delta != INT8_MIN)
			line = add_lines(line, delta);
		if (end > (uint64_t)unit * 2) {
			ret->line = delta == INT8_MIN ? -1 : line;
			return true;
		}
	}
	return false;
}

bool linetable_find(enum linetable_format format, const uint8_t *table, size_t size,
		    int32_t firstlineno, uint32_t unit, struct position *ret)
{
	bool found = false;
	*ret = (struct position){-1, -1, -1, -1};
	if (format == LINETABLE_LOCATIONS)
		found = find_location(table, size, firstlineno, unit, ret);
	else if (format == LINETABLE_RANGES)
		found = find_range(table, size, firstlineno, unit, ret);
	else if (format == LINETABLE_LNOTAB)
		found = find_lnotab(table, size, firstlineno, unit, ret);
	if (!found)
		*ret = (struct position){-1, -1, -1, -1};
	return found;
}
