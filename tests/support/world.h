/* SPDX-License-Identifier: MIT */
/* A snapshot whose tasks' waits, threads and loops are made by hand, and what is wrong with it. */
#ifndef WORLD_H
#define WORLD_H

#include "memory.h"
#include "snapshot/graph.h"
#include "snapshots.h"
#include "verdicts/verdicts.h"

struct world {
	struct aiodbg_snapshot snap;
	struct waits waits;
	struct memory memory;
	struct reader reader;
	struct verdicts verdicts;
	/* The look before, if there was one. */
	struct world *before;
};

static inline void *world_alloc(struct world *world, size_t size)
{
	void *made = arena_alloc(&world->snap.arena, size);
	ck_assert_ptr_nonnull(made);
	return made;
}

/* So many tasks, and threads 4242, 4243... of which the first is the one of the tasks. */
static inline void world_init(struct world *world, size_t tasks, size_t threads)
{
	memset(world, 0, sizeof(*world));
	snapshot_init(&world->snap);
	memory_init(&world->memory);
	expect_ok(&world->reader.error, reader_init(&world->reader, &world->memory.target, NULL));
	work_restart(&world->reader.work);
	for (size_t i = 0; i < tasks; i++)
		snapshot_task(&world->snap, "t");
	for (size_t i = world->snap.threads.count; i < threads; i++)
		ck_assert(
			array_push(&world->snap.threads,
				   ((struct thread){.addr = 0x9000 + i * 0x100, .tid = 4242 + i})));
	struct waits *waits = &world->waits;
	waits->of_tasks = world_alloc(world, (tasks + 1) * sizeof(struct wait));
	waits->of_threads = world_alloc(world, threads * sizeof(struct wait));
	waits->threads = world_alloc(world, threads * sizeof(struct thread_facts));
	for (size_t i = 0; i < tasks; i++)
		waits->of_tasks[i] = wait_none();
	for (size_t i = 0; i < threads; i++)
		waits->of_threads[i] = wait_none();
	world->snap.waits = waits;
	world->snap.verdicts = &world->verdicts;
}

static inline void world_deinit(struct world *world)
{
	verdicts_deinit(&world->verdicts);
	waits_deinit(&world->waits);
	reader_deinit(&world->reader);
	memory_deinit(&world->memory);
	snapshot_deinit(&world->snap);
}

/* Freed at the end of the scope. */
#define WORLD(name, tasks, threads)                                                                \
	struct world name __attribute__((cleanup(world_deinit)));                                  \
	world_init(&(name), (tasks), (threads))

/* The loop of the first thread, which all tasks belong to. */
static inline struct loop *world_loop(struct world *world, enum loop_state state)
{
	const struct loop loop = {.addr = 0x7000, .state = state, .gil_thread = -1};
	ck_assert(array_push(&world->waits.loops, loop));
	for (size_t i = 0; i < world->snap.tasks.count; i++)
		world->snap.tasks.items[i]->loop = loop.addr;
	return &world->waits.loops.items[0];
}

/* By its PID, at that time; with a look before at another world. */
static inline void world_runs(struct world *world, double now, struct world *before)
{
	world->snap.runs_on = world->waits.has_now = true;
	world->waits.now = now;
	world->snap.before = before ? &before->snap : NULL;
	if (!before)
		return;
	double apart = now - before->waits.now;
	world->waits.apart = before->waits.watched = apart;
	for (size_t i = 0; i < before->waits.loops.count; i++) {
		before->waits.loops.items[i].watched = apart;
		before->waits.loops.items[i].is_watched = true;
	}
	/* No task has moved. */
	world->waits.moved = world_alloc(world, (world->snap.tasks.count + 1) * sizeof(bool));
}

static inline void world_find(struct world *world)
{
	expect_ok(&world->reader.error,
		  verdicts_find(&world->snap, &world->reader, &world->verdicts));
}

/* The only one, of that kind. */
static inline const struct verdict *world_only(const struct world *world, enum verdict_kind kind)
{
	ck_assert_int_eq(world->verdicts.list.count, 1);
	ck_assert_int_eq(world->verdicts.list.items[0].kind, kind);
	return &world->verdicts.list.items[0];
}

#endif
