/* SPDX-License-Identifier: MIT */
/*
 * Snapshots that nobody decoded, for renderers.
 *
 *	SNAPSHOT(snap);
 *	struct task *main = snapshot_task(&snap, "main");
 *	struct task *child = snapshot_task(&snap, "child");
 *	snapshot_frame(&snap, child, "work", "example.py", 5);
 *	snapshot_edge(&snap, child, main, AIODBG_SOURCE_CALLBACK);
 *	snapshot_finish(&snap);
 *
 * The ids of tasks are 0x1000, 0x2000... in the order of their making; all have the
 * thread 4242.
 */
#ifndef SNAPSHOTS_H
#define SNAPSHOTS_H

#include "expect.h"
#include "render/render.h"

/* Freed at the end of the scope. */
#define SNAPSHOT(name)                                                                             \
	struct aiodbg_snapshot name __attribute__((cleanup(snapshot_deinit)));                     \
	snapshot_init(&(name))

/* For renderers. */
#define VIEW(snap_) (&(const struct view){.snap = (snap_)})

/* CPython 3.14.10, one interpreter, one thread. */
void snapshot_init(struct aiodbg_snapshot *snap);
void snapshot_deinit(struct aiodbg_snapshot *snap);

/* Pending, in thread 4242. */
struct task *snapshot_task(struct aiodbg_snapshot *snap, const char *name);

/* Another frame of the task, behind those that await it: the first one is the innermost. */
struct location *snapshot_frame(struct aiodbg_snapshot *snap, struct task *task,
				const char *function, const char *file, int line);

/* task is awaited by awaiter. Until the snapshot is finished the result may move. */
struct edge *snapshot_edge(struct aiodbg_snapshot *snap, struct task *task, struct task *awaiter,
			   unsigned int source);

void snapshot_problem(struct aiodbg_snapshot *snap, struct aiodbg_problem **list, uint64_t addr,
		      const char *message);

/* A cycle, and its tasks in one knot. */
void snapshot_cycle(struct aiodbg_snapshot *snap, bool deadlock, struct task **tasks, size_t count);
#define TASKS(...)                                                                                 \
	(struct task *[]){__VA_ARGS__},                                                            \
		sizeof((struct task *[]){__VA_ARGS__}) / sizeof(struct task *)

/* Fills in what is awaited, and the links, from the edges. */
void snapshot_finish(struct aiodbg_snapshot *snap);

#endif
