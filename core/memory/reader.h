/* SPDX-License-Identifier: MIT */
/*
 * Bounded, typed reads of target memory, in the target's word size and byte order.
 *
 * A function that fails has set reader.error, with the address.
 */
#ifndef MEMORY_READER_H
#define MEMORY_READER_H

#include "memory/pagecache.h"

#include <endian.h>
#include <string.h>

struct reader {
	struct pagecache cache;
	/* What the last failure was. */
	struct aiodbg_error error;
	/* How many reads have failed because the memory is not there. */
	uint64_t fault_count;
	unsigned int word_size;
	bool big_endian;
	/* Whatever is done with the target, reads included: up to LIMIT_WORK. */
	struct work work;
};

/* The most that a window can hold. */
#define WINDOW_MAX 1024

/* A piece of target memory that has been read, so that one read serves many fields. */
struct window {
	const struct reader *reader;
	uint64_t addr;
	size_t len;
	uint8_t data[WINDOW_MAX];
};

int reader_init(struct reader *reader, const struct aiodbg_target *target,
		const struct aiodbg_options *options);
void reader_deinit(struct reader *reader);

int reader_read(struct reader *reader, uint64_t addr, void *buf, size_t len);
int reader_u8(struct reader *reader, uint64_t addr, uint8_t *ret);
int reader_word_slowly(struct reader *reader, uint64_t addr, uint64_t *ret);

/* Unsigned integer of size bytes in the target's byte order. */
static inline uint64_t reader_decode_uint(const struct reader *reader, const uint8_t *bytes,
					  size_t size)
{
	uint64_t value = 0;
	uint32_t half;
	if (size == sizeof(value)) {
		memcpy(&value, bytes, sizeof(value));
		return reader->big_endian ? be64toh(value) : le64toh(value);
	}
	if (size == sizeof(half)) {
		memcpy(&half, bytes, sizeof(half));
		return reader->big_endian ? be32toh(half) : le32toh(half);
	}
	for (size_t i = 0; i < size; i++) {
		size_t byte = reader->big_endian ? i : size - 1 - i;
		value = value << 8 | bytes[byte];
	}
	return value;
}

/* A pointer, size_t or Py_ssize_t, zero-extended. */
static inline int reader_word(struct reader *reader, uint64_t addr, uint64_t *ret)
{
	const uint8_t *bytes = pagecache_peek(&reader->cache, addr, reader->word_size);
	if (!bytes)
		return reader_word_slowly(reader, addr, ret);
	*ret = reader_decode_uint(reader, bytes, reader->word_size);
	return 0;
}

/* What is read from here on is of one object: pagecache_begin(), pagecache_verify(). */
void reader_begin(struct reader *reader);
int reader_verify(struct reader *reader, bool *same);

/* Read up to size - 1 characters of a C string; size must be at least 1. A string that
 * does not end within that is cut. */
int reader_c_string(struct reader *reader, uint64_t addr, char *buf, size_t size);

/* Read len bytes, at most WINDOW_MAX. */
int window_read_slowly(struct reader *reader, uint64_t addr, size_t len, struct window *ret);
static inline int window_read(struct reader *reader, uint64_t addr, size_t len, struct window *ret)
{
	const uint8_t *bytes = len <= WINDOW_MAX ? pagecache_peek(&reader->cache, addr, len) : NULL;
	if (!bytes)
		return window_read_slowly(reader, addr, len, ret);
	ret->reader = reader;
	ret->addr = addr;
	ret->len = len;
	memcpy(ret->data, bytes, len);
	return 0;
}

/* The same as it is now, of a target that runs on. */
int window_read_now(struct reader *reader, uint64_t addr, size_t len, struct window *ret);

/*
 * Fields of a window, at byte offsets from its start. A field that is not inside yields
 * 0: offsets come from a layout that was checked, so that is for safety alone.
 */
static inline uint64_t window_uint(const struct window *window, size_t offset, size_t size)
{
	if (offset > window->len || size > window->len - offset)
		return 0;
	return reader_decode_uint(window->reader, window->data + offset, size);
}
static inline uint64_t window_word(const struct window *window, size_t offset)
{
	return window_uint(window, offset, window->reader->word_size);
}
static inline int64_t window_int(const struct window *window, size_t offset, size_t size)
{
	uint64_t value = window_uint(window, offset, size);
	uint64_t sign = 1ull << (size * 8 - 1);
	return (int64_t)((value ^ sign) - sign);
}
/* width bits from bit offset, as little-endian machines count them; within one byte or
 * covering whole bytes. */
uint32_t window_bits(const struct window *window, size_t bit, size_t width);

/* word as a Py_ssize_t of the target. */
int64_t reader_signed(const struct reader *reader, uint64_t word);

/*
 * Go from a readable region to the next one, from all zeros to the first. Returns 0,
 * AIODBG_NOT_FOUND behind the last or if the target lists none, or the callback's value.
 */
int reader_next_region(struct reader *reader, struct aiodbg_region *region);

/* Set the error: memory at addr is readable, but not what it should be. */
int reader_corrupt(struct reader *reader, uint64_t addr, const char *what);

#endif
