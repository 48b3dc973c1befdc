/* SPDX-License-Identifier: MIT */
/* Sorting that the user can interrupt: there may be millions of items. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include "base/work.h"

/* As of qsort(). */
typedef int sort_compare_fn(const void *a, const void *b);

/*
 * Sort as qsort() does. Returns 0, AIODBG_NO_MEMORY, or what work_charge() does, with the error
 * set; the items are then in some order.
 */
int sort_items(struct work *work, void *items, size_t count, size_t size, sort_compare_fn *compare);

/* An array. */
#define sort_array(work, array, compare)                                                           \
	sort_items(work, (array)->items, (array)->count, sizeof((array)->items[0]), compare)

#endif
