/* SPDX-License-Identifier: MIT */
/* A growing array on the heap: a struct with items, count and capacity. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Declares struct name, an array of type. All zero is empty. */
#define ARRAY(name, type)                                                                          \
	struct name {                                                                              \
		type *items;                                                                       \
		size_t count, capacity;                                                            \
	}

/* Room for more items behind the last, the array moved if need be; false if there is no memory. */
#define array_reserve(array, more)                                                                 \
	array_reserve_bytes((void **)&(array)->items, &(array)->capacity, (array)->count, (more),  \
			    sizeof(*(array)->items))

/* Appends item; false if there is no memory. */
#define array_push(array, item)                                                                    \
	(array_reserve((array), 1) ? ((array)->items[(array)->count++] = (item), true) : false)

#define array_deinit(array)                                                                        \
	do {                                                                                       \
		free((array)->items);                                                              \
		(array)->items = NULL;                                                             \
		(array)->count = (array)->capacity = 0;                                            \
	} while (0)

static inline bool array_reserve_bytes(void **items, size_t *capacity, size_t count, size_t more,
				       size_t item_size)
{
	if (count + more <= *capacity)
		return true;
	size_t wanted = *capacity ? *capacity : 8;
	while (wanted < count + more)
		wanted *= 2;
	if (wanted > SIZE_MAX / item_size)
		return false;
	void *moved = realloc(*items, wanted * item_size);
	if (!moved)
		return false;
	*items = moved;
	*capacity = wanted;
	return true;
}

#endif
