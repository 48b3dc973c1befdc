/* SPDX-License-Identifier: MIT */
/*
 * Target memory read so far, and pages known to be unreadable.
 *
 * The only caller of the target's read callback, and of process_vm_readv(2) for a process
 * on this machine. Memory is fetched in blocks; a block
 * that cannot be read as a whole is fetched page by page, so that a hole costs only
 * itself. A bounded number of blocks is held; the one not used for longest goes.
 *
 * The memory of a process that runs on does not stay as it was read. Where that is known,
 * what a decoder has read for one object is logged, and read again to see if it is the same:
 * then all of it was there at one moment. If not, the cache has the new, to decode once more.
 *
 * Addresses do not wrap around: a range that reaches over the end of the address space
 * is unreadable.
 */
#ifndef MEMORY_PAGECACHE_H
#define MEMORY_PAGECACHE_H

#include "aiodbg.h"
#include "base/array.h"
#include "base/ceilings.h"
#include "base/hashtab.h"
#include "base/work.h"

#define PAGECACHE_RECENT 8192
#define PAGECACHE_LOGGED 2048

struct block {
	uint64_t base;
	/* NULL if no page of the block can be read. */
	uint8_t *data;
	/* A bit per page: read, and known to be unreadable. */
	uint32_t good, bad;
	/* Used since the clock hand passed. */
	bool used;
};

/* What was read for one object. */
struct read_range {
	uint64_t addr;
	size_t len;
};

ARRAY(read_ranges, struct read_range);

struct pagecache {
	/* The caller's; must outlive the cache. */
	const struct aiodbg_target *target;
	/* What the cache was made with, for others like it. */
	struct aiodbg_options options;
	size_t block_size;
	/* block_size is a power of two; this is its logarithm. */
	unsigned int block_shift;
	/* Blocks by base address. */
	htab_t index;
	struct block **blocks;
	size_t count, max_count, hand;
	/* The last block that was found for each value of some address bits. */
	struct block *recent[PAGECACHE_RECENT];
	/* The system does not let us read the target directly. */
	bool direct_refused;
	/* The target runs on: what was read since pagecache_begin(). Then recent is empty, so
	 * that all reads come to where they are logged. */
	bool changing;
	struct read_ranges log;
	/* Indexes in the log of what was read, by some bits of the address: of no use if what is
	 * there is something else. */
	uint32_t logged[PAGECACHE_LOGGED];
	struct batch *batch;
	/* Charged LIMIT_READ_WORK for each read of the target; may be NULL. */
	struct work *work;
	struct aiodbg_stats stats;
};

/* options may be NULL. Returns 0 or AIODBG_NO_MEMORY; deinit is needed in any case. */
int pagecache_init(struct pagecache *cache, const struct aiodbg_target *target,
		   const struct aiodbg_options *options);
void pagecache_deinit(struct pagecache *cache);

/*
 * Hold so many bytes from now on, unless the caller's options say how many. What is more is
 * forgotten. Without memory for that, all stays as it is.
 */
void pagecache_resize(struct pagecache *cache, uint64_t size);

/* Forget all memory, keep the statistics. */
void pagecache_flush(struct pagecache *cache);

/*
 * Copy len bytes at addr to buf. Returns 0; AIODBG_FAULT with the first unreadable
 * address in *fault; AIODBG_NO_MEMORY; or the callback's negative value.
 */
int pagecache_read(struct pagecache *cache, uint64_t addr, void *buf, size_t len, uint64_t *fault);

/* True for a process on this machine, which may be read while it runs on. */
bool pagecache_may_change(const struct pagecache *cache);

/* Begin to log what is read, of a cache whose changing was set before its first read. */
void pagecache_begin(struct pagecache *cache);

/*
 * Read again what was logged since. *same: nothing has changed. Returns 0 or
 * AIODBG_NO_MEMORY. Does nothing, and all is the same, for a target that does not change.
 */
int pagecache_verify(struct pagecache *cache, bool *same);

/* As pagecache_read(), but what is there now. */
int pagecache_read_now(struct pagecache *cache, uint64_t addr, void *buf, size_t len,
		       uint64_t *fault);

static inline struct block **pagecache_recent(struct pagecache *cache, uint64_t addr)
{
	return &cache->recent[(addr >> cache->block_shift) % PAGECACHE_RECENT];
}

/*
 * The bytes at addr without a copy, if they lie in one page that is at hand; else NULL, and
 * pagecache_read() has to get them. They stay there until the next read. Inline, because
 * this is what a decoder does most.
 */
static inline const uint8_t *pagecache_peek(struct pagecache *cache, uint64_t addr, size_t len)
{
	size_t offset = (size_t)addr & (cache->block_size - 1);
	struct block *block = *pagecache_recent(cache, addr);
	if (!block || block->base != addr - offset ||
	    !(block->good >> (offset / LIMIT_PAGE_SIZE) & 1) ||
	    len > LIMIT_PAGE_SIZE - offset % LIMIT_PAGE_SIZE)
		return NULL;
	block->used = true;
	return block->data + offset;
}

#endif
