/* SPDX-License-Identifier: MIT */
/*
 * Problems by what they say: of a million tasks whose stacks cannot be read, one line, with the
 * first few of them.
 */
#ifndef SNAPSHOT_CAUSES_H
#define SNAPSHOT_CAUSES_H

#include "snapshot/model.h"

/* What several problems say, with their addresses left out. */
struct cause {
	/* enum aiodbg_status. */
	int code;
	char text[AIODBG_MESSAGE_MAX];
	size_t count;
	/* The first of them, and what the first three are about. */
	const struct aiodbg_problem *first;
	uint64_t addresses[3];
	size_t address_count;
};

#define CAUSES_MAX 16

struct causes {
	struct cause items[CAUSES_MAX];
	/* How many causes, and problems of still others. */
	size_t count, others;
};

/* The problem is about address; 0: nobody knows. */
void causes_add(struct causes *causes, const struct aiodbg_problem *problem, uint64_t address);

#endif
