/* SPDX-License-Identifier: MIT */
/* Merge sort, from runs of a size that qsort() has sorted at once. See base/sort.h. */
#include "base/sort.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define RUN 4096

struct sort {
	struct work *work;
	size_t count, size;
	sort_compare_fn *compare;
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Merges two runs that follow each other: up to middle, and up to end. */
static int merge(const struct sort *sort, const char *from, char *to, size_t start, size_t middle,
		 size_t end)
{
	size_t size = sort->size, left = start, right = middle;
	for (size_t i = start; i < end; i++) {
		bool is_left = right == end ||
			       (left < middle &&
				sort->compare(from + left * size, from + right * size) <= 0);
		memcpy(to + i * size, from + (is_left ? left++ : right++) * size, size);
		if (i % RUN)
			continue;
		int status = work_charge(sort->work, RUN / 16);
		if (status)
			return status;
	}
	return 0;
}

int sort_items(struct work *work, void *items, size_t count, size_t size, sort_compare_fn *compare)
{
	const struct sort sort = {work, count, size, compare};
	char *from = items, *to = NULL;
	int status = 0;
	for (size_t i = 0; !status && i < count; i += RUN) {
		status = count > RUN ? work_charge(work, RUN) : 0;
		qsort(from + i * size, least(count - i, RUN), size, compare);
	}
	if (status || count <= RUN)
		return status;
	char *spare = to = malloc(count * size);
	if (!spare)
		return error_no_memory(work->error);
	for (size_t run = RUN; !status && run < count; run *= 2) {
		for (size_t i = 0; !status && i < count; i += 2 * run)
			status = merge(&sort, from, to, i, least(i + run, count),
				       least(i + 2 * run, count));
		if (status)
			break;
		char *sorted = to;
		to = from;
		from = sorted;
	}
	/* Where it was not finished, this is what the last pass began with. */
	if (from != items)
		memcpy(items, from, count * size);
	free(spare);
	return status;
}
