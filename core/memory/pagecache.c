/* SPDX-License-Identifier: MIT */
/* Blocks of target memory behind the read callback. See memory/pagecache.h. */
#include "memory/pagecache.h"

#include "base/ceilings.h"

#include <errno.h>
#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

static hashval_t block_hash(const void *element)
{
	uint64_t base = ((const struct block *)element)->base / LIMIT_PAGE_SIZE;
	return (hashval_t)((base * 0x9e3779b97f4a7c15ull) >> 32);
}

static int block_equal(const void *element, const void *other)
{
	return ((const struct block *)element)->base == ((const struct block *)other)->base;
}

static void block_destroy(struct block *block)
{
	if (block)
		free(block->data);
	free(block);
}

static uint64_t option_or(uint64_t value, uint64_t otherwise)
{
	return value ? value : otherwise;
}

static size_t blocks_of(const struct pagecache *cache, uint64_t size)
{
	return size / cache->block_size < 16 ? 16 : (size_t)(size / cache->block_size);
}

int pagecache_init(struct pagecache *cache, const struct aiodbg_target *target,
		   const struct aiodbg_options *options)
{
	memset(cache, 0, sizeof(*cache));
	cache->target = target;
	if (options)
		cache->options = *options;
	cache->block_size = option_or(options ? options->block_size : 0, LIMIT_BLOCK_SIZE);
	cache->block_shift = (unsigned int)__builtin_ctzll(cache->block_size);
	cache->max_count = blocks_of(cache, option_or(cache->options.cache_size, LIMIT_CACHE_SIZE));
	cache->blocks = calloc(cache->max_count, sizeof(struct block *));
	cache->index = htab_create_alloc(64, block_hash, block_equal, NULL, calloc, free);
	return cache->blocks && cache->index ? 0 : AIODBG_NO_MEMORY;
}

void pagecache_deinit(struct pagecache *cache)
{
	for (size_t i = 0; i < cache->count; i++)
		block_destroy(cache->blocks[i]);
	free(cache->blocks);
	array_deinit(&cache->log);
	free(cache->batch);
	if (cache->index)
		htab_delete(cache->index);
	memset(cache, 0, sizeof(*cache));
}

void pagecache_flush(struct pagecache *cache)
{
	for (size_t i = 0; i < cache->count; i++)
		block_destroy(cache->blocks[i]);
	cache->count = 0;
	cache->hand = 0;
	htab_empty(cache->index);
	memset(cache->recent, 0, sizeof(cache->recent));
}

/* Takes the block that was not used for longest out of the cache, for reuse. */
static struct block *pagecache_evict(struct pagecache *cache)
{
	for (;;) {
		struct block *block = cache->blocks[cache->hand];
		if (!block->used) {
			void **slot = htab_find_slot(cache->index, block, NO_INSERT);
			if (slot)
				htab_clear_slot(cache->index, slot);
			struct block **recent = pagecache_recent(cache, block->base);
			if (*recent == block)
				*recent = NULL;
			return block;
		}
		block->used = false;
		cache->hand = (cache->hand + 1) % cache->count;
	}
}

/* What is allocated from now on is larger than blocks and would not take the place of those. */
static void give_back_memory(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

void pagecache_resize(struct pagecache *cache, uint64_t size)
{
	size_t count = blocks_of(cache, size);
	bool shrinks = cache->count > count;
	if (cache->options.cache_size)
		return;
	while (cache->count > count) {
		struct block *block = pagecache_evict(cache);
		cache->blocks[cache->hand] = cache->blocks[--cache->count];
		cache->hand %= cache->count;
		block_destroy(block);
	}
	struct block **blocks = reallocarray(cache->blocks, count, sizeof(struct block *));
	if (blocks)
		cache->blocks = blocks;
	if (blocks || count < cache->max_count)
		cache->max_count = count;
	if (shrinks)
		give_back_memory();
}

static struct block *pagecache_new_block(struct pagecache *cache)
{
	if (cache->count == cache->max_count)
		return pagecache_evict(cache);
	struct block *block = calloc(1, sizeof(*block));
	if (block)
		cache->blocks[cache->count++] = block;
	return block;
}

/* Finds the block at base, or makes one that has no page yet. NULL: no memory. */
static struct block *pagecache_block(struct pagecache *cache, uint64_t base)
{
	struct block **recent = pagecache_recent(cache, base);
	if (*recent && (*recent)->base == base)
		return *recent;
	struct block key = {.base = base};
	struct block *block = htab_find(cache->index, &key);
	if (!block) {
		block = pagecache_new_block(cache);
		if (!block)
			return NULL;
		block->base = base;
		block->good = block->bad = 0;
		/* An element that could not be inserted is only not found again. */
		void **slot = htab_find_slot(cache->index, block, INSERT);
		if (slot)
			*slot = block;
	}
	if (!cache->changing)
		*recent = block;
	return block;
}

/*
 * Reads a process on this machine without its debugger. What cannot be read so is left to
 * the debugger, which may know a way.
 */
static bool pagecache_fetch_direct(struct pagecache *cache, uint64_t addr, void *buf, size_t len)
{
	if (!cache->target->local_pid || cache->direct_refused || addr > UINTPTR_MAX)
		return false;
	struct iovec local = {buf, len};
	struct iovec remote = {(void *)(uintptr_t)addr, len};
	ssize_t got = process_vm_readv((pid_t)cache->target->local_pid, &local, 1, &remote, 1, 0);
	if (got < 0 && errno != EFAULT)
		cache->direct_refused = true;
	return got == (ssize_t)len;
}

static void count_read(struct pagecache *cache)
{
	cache->stats.reads++;
	if (cache->work)
		cache->work->done += LIMIT_READ_WORK;
}

static int pagecache_fetch(struct pagecache *cache, uint64_t addr, void *buf, size_t len)
{
	int code = 0;
	if (!pagecache_fetch_direct(cache, addr, buf, len))
		code = cache->target->read(cache->target->ctx, addr, buf, len);
	count_read(cache);
	if (code == 0)
		cache->stats.bytes += len;
	else
		cache->stats.faults++;
	return code;
}

/* Reads the whole block if nothing of it was tried yet, else just the page. */
static int pagecache_fill(struct pagecache *cache, struct block *block, unsigned int page)
{
	size_t pages = cache->block_size / LIMIT_PAGE_SIZE;
	if (!block->data) {
		block->data = malloc(cache->block_size);
		if (!block->data)
			return AIODBG_NO_MEMORY;
		uint64_t held = (uint64_t)cache->count * cache->block_size;
		if (held > cache->stats.cache_peak)
			cache->stats.cache_peak = held;
	}
	if (!block->good && !block->bad) {
		int code = pagecache_fetch(cache, block->base, block->data, cache->block_size);
		if (code < 0)
			return code;
		if (code == 0) {
			block->good = (uint32_t)((1ull << pages) - 1);
			return 0;
		}
		if (pages == 1) {
			block->bad = 1;
			return AIODBG_FAULT;
		}
	}
	size_t offset = (size_t)page * LIMIT_PAGE_SIZE;
	int code = pagecache_fetch(cache, block->base + offset, block->data + offset,
				   LIMIT_PAGE_SIZE);
	if (code < 0)
		return code;
	if (code == 0)
		block->good |= 1u << page;
	else
		block->bad |= 1u << page;
	return code ? AIODBG_FAULT : 0;
}

/* Copies what lies in one page; the caller sees to that. */
static int pagecache_read_page(struct pagecache *cache, uint64_t addr, void *buf, size_t len)
{
	uint64_t base = addr & ~(uint64_t)(cache->block_size - 1);
	struct block *block = pagecache_block(cache, base);
	if (!block)
		return AIODBG_NO_MEMORY;
	block->used = true;
	unsigned int page = (unsigned int)((addr - base) / LIMIT_PAGE_SIZE);
	if (block->bad & (1u << page))
		return AIODBG_FAULT;
	if (!(block->good & (1u << page))) {
		int code = pagecache_fill(cache, block, page);
		if (code)
			return code;
	}
	memcpy(buf, block->data + (addr - base), len);
	return 0;
}

/* Note that the range was read. Much is read again and again. Returns false if there is no memory. */
static bool log_read(struct pagecache *cache, uint64_t addr, size_t len)
{
	struct read_range range = {addr, len};
	uint64_t hash = addr * 0x9e3779b97f4a7c15ull >> 32;
	uint32_t *logged = &cache->logged[hash % PAGECACHE_LOGGED];
	if (*logged < cache->log.count) {
		const struct read_range *known = &cache->log.items[*logged];
		if (known->addr == addr && known->len >= len)
			return true;
	}
	if (cache->log.count >= LIMIT_LOG)
		return true;
	*logged = (uint32_t)cache->log.count;
	return array_push(&cache->log, range);
}

int pagecache_read(struct pagecache *cache, uint64_t addr, void *buf, size_t len, uint64_t *fault)
{
	uint64_t last = cache->target->word_size == 4 ? UINT32_MAX : UINT64_MAX;
	*fault = addr;
	if (len == 0)
		return 0;
	if (addr > last || len - 1 > last - addr)
		return AIODBG_FAULT;
	if (cache->changing && !log_read(cache, addr, len))
		return AIODBG_NO_MEMORY;
	const uint8_t *at_hand = pagecache_peek(cache, addr, len);
	if (at_hand) {
		memcpy(buf, at_hand, len);
		return 0;
	}
	uint8_t *out = buf;
	while (len > 0) {
		size_t room = LIMIT_PAGE_SIZE - (size_t)(addr % LIMIT_PAGE_SIZE);
		size_t part = len < room ? len : room;
		int code = pagecache_read_page(cache, addr, out, part);
		if (code) {
			*fault = addr;
			return code;
		}
		addr += part;
		out += part;
		len -= part;
	}
	return 0;
}

/* ---- a target that runs on ---- */

bool pagecache_may_change(const struct pagecache *cache)
{
	return cache->target->local_pid != 0;
}

void pagecache_begin(struct pagecache *cache)
{
	cache->log.count = 0;
}

int pagecache_read_now(struct pagecache *cache, uint64_t addr, void *buf, size_t len,
		       uint64_t *fault)
{
	*fault = addr;
	int code = pagecache_fetch(cache, addr, buf, len);
	return code > 0 ? AIODBG_FAULT : code;
}

/* Has the pages of the range in the cache as they are now. */
static int pagecache_renew(struct pagecache *cache, const struct read_range *range)
{
	uint64_t first = range->addr - range->addr % LIMIT_PAGE_SIZE;
	for (uint64_t addr = first; addr - first < range->addr - first + range->len;
	     addr += LIMIT_PAGE_SIZE) {
		uint64_t base = addr & ~(uint64_t)(cache->block_size - 1);
		unsigned int page = (unsigned int)((addr - base) / LIMIT_PAGE_SIZE);
		struct block *block = pagecache_block(cache, base);
		if (!block)
			return AIODBG_NO_MEMORY;
		/* One of them marked, or the whole block would be fetched. */
		block->good &= ~(1u << page);
		block->bad |= 1u << page;
		int code = pagecache_fill(cache, block, page);
		if (code && code != AIODBG_FAULT)
			return code;
		if (!code)
			block->bad &= ~(1u << page);
	}
	return 0;
}

/*
 * Whether the cache holds these bytes for the range; or any, if bytes is NULL. What had to go
 * meanwhile is not known any more.
 */
static bool pagecache_holds(struct pagecache *cache, const struct read_range *range,
			    const uint8_t *bytes)
{
	for (size_t done = 0; done < range->len;) {
		uint64_t addr = range->addr + done;
		size_t offset = (size_t)addr & (cache->block_size - 1);
		size_t part = LIMIT_PAGE_SIZE - offset % LIMIT_PAGE_SIZE;
		if (part > range->len - done)
			part = range->len - done;
		struct block key = {.base = addr - offset};
		const struct block *block = htab_find(cache->index, &key);
		if (!block || !(block->good & 1u << offset / LIMIT_PAGE_SIZE) ||
		    (bytes && memcmp(block->data + offset, bytes + done, part) != 0))
			return false;
		done += part;
	}
	return true;
}

/*
 * What is read by one call of process_vm_readv(2): spans of memory, each of one or more ranges that
 * lie near each other. A span costs as much as a page of it, whatever its length.
 */
struct batch {
	struct iovec local[IOV_MAX], remote[IOV_MAX];
	/* Indexes in the log, of the first range of each span. */
	size_t first[IOV_MAX + 1];
	size_t count;
	uint8_t bytes[1 << 18];
	size_t used;
};

/* Between ranges of a span, at most: less than a page, so that no other page is in between. */
#define SPAN_GAP 1024

/* Whether the range is now in the last span, which it begins in or near. */
static bool span_grow(struct batch *batch, const struct read_range *range)
{
	if (!batch->count)
		return false;
	struct iovec *remote = &batch->remote[batch->count - 1];
	struct iovec *local = &batch->local[batch->count - 1];
	uint64_t offset = range->addr - (uintptr_t)remote->iov_base;
	if (offset > remote->iov_len + SPAN_GAP || range->len > sizeof(batch->bytes))
		return false;
	size_t len = (size_t)offset + range->len;
	size_t more = len > remote->iov_len ? len - remote->iov_len : 0;
	if (more > sizeof(batch->bytes) - batch->used)
		return false;
	batch->used += more;
	remote->iov_len += more;
	local->iov_len += more;
	return true;
}

/* The next ranges of the log, as many as fit. It is sorted by address. */
static void batch_fill(struct batch *batch, const struct read_ranges *log, size_t from)
{
	size_t i = from;
	batch->count = batch->used = 0;
	for (; i < log->count; i++) {
		const struct read_range *range = &log->items[i];
		if (span_grow(batch, range))
			continue;
		if (batch->count == IOV_MAX || range->len > sizeof(batch->bytes) - batch->used)
			break;
		void *remote = (void *)(uintptr_t)range->addr;
		batch->first[batch->count] = i;
		batch->local[batch->count] = (struct iovec){batch->bytes + batch->used, range->len};
		batch->remote[batch->count++] = (struct iovec){remote, range->len};
		batch->used += range->len;
	}
	batch->first[batch->count] = i;
}

/* *whole: how many of the batch's spans, from the first on, could be read. */
static int batch_read(struct pagecache *cache, struct batch *batch, size_t *whole)
{
	ssize_t got = -1;
	*whole = 0;
	if (!cache->direct_refused)
		got = process_vm_readv((pid_t)cache->target->local_pid, batch->local, batch->count,
				       batch->remote, batch->count, 0);
	/* Where that is forbidden, the target has another way. */
	bool refused = got < 0 && (cache->direct_refused || errno != EFAULT);
	while (refused && *whole < batch->count) {
		const struct iovec *local = &batch->local[*whole];
		uint64_t addr = (uintptr_t)batch->remote[*whole].iov_base;
		int code = pagecache_fetch(cache, addr, local->iov_base, local->iov_len);
		if (code)
			return code < 0 ? code : 0;
		(*whole)++;
	}
	if (!refused)
		count_read(cache);
	while (*whole < batch->count && got >= (ssize_t)batch->local[*whole].iov_len) {
		got -= (ssize_t)batch->local[*whole].iov_len;
		cache->stats.bytes += batch->local[(*whole)++].iov_len;
	}
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct read_range *x = a, *y = b;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->len < y->len ? -1 : x->len > y->len;
}

/* Sort the log, and leave out what was read more than once. */
static void order_log(struct read_ranges *log)
{
	size_t kept = 0;
	if (log->count)
		qsort(log->items, log->count, sizeof(*log->items), compare_ranges);
	for (size_t i = 0; i < log->count; i++) {
		if (!kept || compare_ranges(&log->items[kept - 1], &log->items[i]) != 0)
			log->items[kept++] = log->items[i];
	}
	log->count = kept;
}

/* The ranges of a span that was read. */
static int compare_span(struct pagecache *cache, const struct batch *batch, size_t span, bool *same)
{
	const struct iovec *local = &batch->local[span];
	uint64_t begin = (uintptr_t)batch->remote[span].iov_base;
	int code = 0;
	for (size_t i = batch->first[span]; !code && i < batch->first[span + 1]; i++) {
		const struct read_range *range = &cache->log.items[i];
		const uint8_t *bytes = (const uint8_t *)local->iov_base + (range->addr - begin);
		if (pagecache_holds(cache, range, bytes))
			continue;
		*same = false;
		code = pagecache_renew(cache, range);
	}
	return code;
}

/* Those of one that could not be read as a whole, each for itself. */
static int compare_apart(struct pagecache *cache, const struct batch *batch, size_t span,
			 bool *same)
{
	uint8_t *bytes = batch->local[span].iov_base;
	int code = 0;
	for (size_t i = batch->first[span]; !code && i < batch->first[span + 1]; i++) {
		const struct read_range *range = &cache->log.items[i];
		int now = pagecache_fetch(cache, range->addr, bytes, range->len);
		if (now < 0)
			return now;
		if (now ? !pagecache_holds(cache, range, NULL)
			: pagecache_holds(cache, range, bytes))
			continue;
		*same = false;
		code = pagecache_renew(cache, range);
	}
	return code;
}

int pagecache_verify(struct pagecache *cache, bool *same)
{
	struct read_ranges *log = &cache->log;
	*same = true;
	if (!cache->changing)
		return 0;
	if (!cache->batch)
		cache->batch = malloc(sizeof(*cache->batch));
	struct batch *batch = cache->batch;
	if (!batch)
		return AIODBG_NO_MEMORY;
	order_log(log);
	int code = 0;
	for (size_t i = 0; !code && i < log->count;) {
		size_t whole = 0;
		batch_fill(batch, log, i);
		if (batch->count)
			code = batch_read(cache, batch, &whole);
		for (size_t k = 0; !code && k < whole; k++)
			code = compare_span(cache, batch, k, same);
		if (!code && whole < batch->count)
			code = compare_apart(cache, batch, whole++, same);
		/* One that is too long to be compared is believed. */
		i = batch->count ? batch->first[whole] : i + 1;
	}
	return code;
}
