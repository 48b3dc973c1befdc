/* SPDX-License-Identifier: MIT */
/*
 * Running out of memory. Linked with --wrap, so that malloc(), calloc() and realloc() of
 * the code under test, and of the static libraries in it, come here.
 */
#ifndef FAIL_ALLOC_H
#define FAIL_ALLOC_H

#include <stddef.h>

/*
 * From now on the nth allocation fails, counted from 1, and only that one; 0 ends it.
 * Between the two there should be only code under test: assertions allocate as well.
 */
void fail_alloc_at(unsigned int nth);

/* From now on allocations of at least size bytes fail; 0 ends it. */
void fail_alloc_above(size_t size);

/* Allocations since the last fail_alloc_at(). */
unsigned int fail_alloc_count(void);

/* The symbols of --wrap. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t num, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t num, size_t size);
void *__wrap_realloc(void *memory, size_t size);

#endif
