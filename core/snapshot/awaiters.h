/* SPDX-License-Identifier: MIT */
/* Who awaits a task or future: read from it, and linked to it in the graph. */
#ifndef SNAPSHOT_AWAITERS_H
#define SNAPSHOT_AWAITERS_H

#include "asyncio/future.h"
#include "base/array.h"

struct builder;
struct node;

/* Somebody who awaits the node that is being decoded. */
struct awaiter {
	uint64_t addr;
	/* NULL if it was not known before; then is_task says what it is. */
	struct node *node;
	unsigned int source;
	bool is_task;
	uint64_t identity;
};

ARRAY(awaiters, struct awaiter);

/* Addresses of awaiters that are looked up together, since each is anywhere in a large table. */
#define TOGETHER 32

/* The awaiters of the node that is being decoded. */
struct collector {
	struct awaiters awaiters;
	uint64_t unseen[TOGETHER];
	size_t unseen_count;
	unsigned int source;
	/* The one that was visited last. The task group that owns the node, and whose that is; or
	 * 0. */
	uint64_t last, group, owner;
	/* How many could not be read, and the first reason. */
	unsigned int bad_links;
	struct aiodbg_error link_error;
};

/* Collect who awaits the builder's node, which is that future. */
int awaiters_read(struct builder *builder, const struct future *future);

/* Link the builder's node to those who await it. */
int awaiters_link(struct builder *builder);

#endif
