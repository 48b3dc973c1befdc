/* SPDX-License-Identifier: MIT */
/* From a task or future in memory to a node of the graph, with its links. */
#ifndef SNAPSHOT_DECODE_H
#define SNAPSHOT_DECODE_H

#include "asyncio/find_tasks.h"

struct builder;
struct node;

/* A node for a task that was found; arg is the builder. */
int decode_task_found(void *arg, uint64_t addr, ptrdiff_t thread, enum task_source source);

/* A node for the task or future at addr. */
int decode_add_future(struct builder *builder, uint64_t addr, bool is_task, struct node **ret);

/* A node for a task that only a variable leads to, if it has none yet. */
int decode_add_in_variable(struct builder *builder, uint64_t addr);

/* Decode a node; one that was decoded before; and all nodes from that index on, with those that
 * are added meanwhile. */
int decode_node(struct builder *builder, struct node *node);
int decode_again(struct builder *builder, struct node *node);
int decode_nodes(struct builder *builder, size_t from);

/* The thread that runs a loop, or -1. */
ptrdiff_t decode_thread_of_loop(const struct builder *builder, uint64_t loop);

#endif
