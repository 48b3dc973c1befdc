/* SPDX-License-Identifier: MIT */
/* Typed reads over the page cache. See memory/reader.h. */
#include "memory/reader.h"

#include "base/ceilings.h"
#include "base/error.h"

#include <string.h>

int reader_init(struct reader *reader, const struct aiodbg_target *target,
		const struct aiodbg_options *options)
{
	memset(reader, 0, sizeof(*reader));
	reader->word_size = target->word_size;
	reader->work = (struct work){
		.interrupted = target->interrupted,
		.ctx = target->ctx,
		.limit = LIMIT_WORK,
		.error = &reader->error,
	};
	reader->big_endian = target->byte_order == AIODBG_BIG_ENDIAN;
	if (pagecache_init(&reader->cache, target, options))
		return error_no_memory(&reader->error);
	reader->cache.work = &reader->work;
	return 0;
}

void reader_deinit(struct reader *reader)
{
	pagecache_deinit(&reader->cache);
}

static int failed_read(struct reader *reader, int code, uint64_t fault)
{
	reader->fault_count += code == AIODBG_FAULT;
	if (code == AIODBG_FAULT)
		return error_at(&reader->error, code, fault, "cannot read memory");
	if (code == AIODBG_NO_MEMORY)
		return error_no_memory(&reader->error);
	return error_set(&reader->error, code, "reading memory was refused");
}

int reader_read(struct reader *reader, uint64_t addr, void *buf, size_t len)
{
	uint64_t fault;
	int code = pagecache_read(&reader->cache, addr, buf, len, &fault);
	return code ? failed_read(reader, code, fault) : 0;
}

int reader_u8(struct reader *reader, uint64_t addr, uint8_t *ret)
{
	return reader_read(reader, addr, ret, 1);
}

int reader_word_slowly(struct reader *reader, uint64_t addr, uint64_t *ret)
{
	uint8_t bytes[8];
	int code = reader_read(reader, addr, bytes, reader->word_size);
	if (code)
		return code;
	*ret = reader_decode_uint(reader, bytes, reader->word_size);
	return 0;
}

void reader_begin(struct reader *reader)
{
	pagecache_begin(&reader->cache);
}

int reader_verify(struct reader *reader, bool *same)
{
	int code = pagecache_verify(&reader->cache, same);
	return code ? failed_read(reader, code, 0) : 0;
}

int reader_c_string(struct reader *reader, uint64_t addr, char *buf, size_t size)
{
	size_t got = 0;
	while (got + 1 < size) {
		/* Not over the end of a page: the next one may not be there. */
		size_t room = LIMIT_PAGE_SIZE - (size_t)((addr + got) % LIMIT_PAGE_SIZE);
		size_t part = size - 1 - got < room ? size - 1 - got : room;
		int code = reader_read(reader, addr + got, buf + got, part);
		if (code)
			return code;
		if (memchr(buf + got, '\0', part))
			return 0;
		got += part;
	}
	buf[got] = '\0';
	return 0;
}

int window_read_now(struct reader *reader, uint64_t addr, size_t len, struct window *ret)
{
	uint64_t fault;
	ret->reader = reader;
	ret->addr = addr;
	ret->len = 0;
	if (len > WINDOW_MAX)
		return error_at(&reader->error, AIODBG_LIMIT, addr, "object of %zu bytes", len);
	int code = pagecache_read_now(&reader->cache, addr, ret->data, len, &fault);
	if (!code)
		ret->len = len;
	return code ? failed_read(reader, code, fault) : 0;
}

int window_read_slowly(struct reader *reader, uint64_t addr, size_t len, struct window *ret)
{
	ret->reader = reader;
	ret->addr = addr;
	ret->len = 0;
	if (len > WINDOW_MAX)
		return error_at(&reader->error, AIODBG_LIMIT, addr, "object of %zu bytes", len);
	int code = reader_read(reader, addr, ret->data, len);
	if (!code)
		ret->len = len;
	return code;
}

uint32_t window_bits(const struct window *window, size_t bit, size_t width)
{
	if (width >= 8)
		return (uint32_t)window_uint(window, bit / 8, width / 8);
	/* Big-endian machines give bit-fields their bits from the highest one on. */
	size_t shift = window->reader->big_endian ? 8 - bit % 8 - width : bit % 8;
	return (uint32_t)(window_uint(window, bit / 8, 1) >> shift) & ((1u << width) - 1);
}

int64_t reader_signed(const struct reader *reader, uint64_t word)
{
	return reader->word_size == 4 ? (int32_t)(uint32_t)word : (int64_t)word;
}

int reader_next_region(struct reader *reader, struct aiodbg_region *region)
{
	const struct aiodbg_target *target = reader->cache.target;
	uint64_t from = region->end;
	if (!target->next_region)
		return AIODBG_NOT_FOUND;
	int status = target->next_region(target->ctx, from, region);
	if (status < 0)
		return error_set(&reader->error, status, "listing memory was refused");
	return status || region->end <= from ? AIODBG_NOT_FOUND : 0;
}

int reader_corrupt(struct reader *reader, uint64_t addr, const char *what)
{
	return error_at(&reader->error, AIODBG_CORRUPT, addr, "%s", what);
}
