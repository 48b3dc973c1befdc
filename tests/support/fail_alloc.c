/* SPDX-License-Identifier: MIT */
/* Allocations that fail on demand. See fail_alloc.h. */
#include "fail_alloc.h"

#include <stdbool.h>
#include <string.h>

/* What malloc() returns is not zero here; of a large buffer its start, for speed. */
#define JUNK 0xa5
#define JUNK_MAX 1024

static unsigned int count, failing;
static size_t largest;

void fail_alloc_at(unsigned int nth)
{
	count = 0;
	failing = nth;
}

void fail_alloc_above(size_t size)
{
	largest = size;
}

unsigned int fail_alloc_count(void)
{
	return count;
}

static bool fails(size_t size)
{
	return ++count == failing || (largest && size >= largest);
}

void *__wrap_malloc(size_t size)
{
	void *memory = fails(size) ? NULL : __real_malloc(size);
	return memory ? memset(memory, JUNK, size < JUNK_MAX ? size : JUNK_MAX) : NULL;
}

void *__wrap_calloc(size_t num, size_t size)
{
	return fails(num * size) ? NULL : __real_calloc(num, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails(size) ? NULL : __real_realloc(memory, size);
}
