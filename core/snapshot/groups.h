/* SPDX-License-Identifier: MIT */
/* Where the owners of task groups are: in a group's body, or leaving it and waiting for its tasks. */
#ifndef SNAPSHOT_GROUPS_H
#define SNAPSHOT_GROUPS_H

struct builder;

/* Tell the edges of groups apart, once all edges are there. Only tasks that own a group are looked
 * at. */
int groups_place(struct builder *builder);

#endif
