/* SPDX-License-Identifier: MIT */
/* What event loops have to do: the part of a snapshot that `asyncio loops` shows. */
#ifndef LOOPS_LOOP_DETAIL_H
#define LOOPS_LOOP_DETAIL_H

#include "asyncio/handle.h"
#include "waits/wake_search.h"

/* Something that a loop is to call. */
struct loop_entry {
	uint64_t handle;
	enum handle_kind kind;
	bool is_cancelled;
	double when;
	bool has_when;
	/* The task that it is about; NULL: none, or it is not known. */
	const struct task *task;
	/* What is called; NULL: not known. Its class, if it is a method. */
	const char *function, *self_type;
	const struct code *code;
};

ARRAY(loop_entries, struct loop_entry);

struct loop_file {
	int64_t fd;
	bool reads, writes;
	struct loop_entry reader, writer;
	/* Classes of the transport and its protocol, and the other end: NULL if there is none. */
	const char *transport, *protocol, *peer;
	/* Who waits for it. */
	struct loop_tasks waiters;
};

ARRAY(loop_files, struct loop_file);

struct loop_signal {
	int64_t number;
	struct loop_entry entry;
};

ARRAY(loop_signals, struct loop_signal);

/* A thread of an executor. */
struct loop_worker {
	/* Index in snapshot.threads, or -1. */
	ptrdiff_t thread;
	const char *name;
	bool is_idle;
	/* What it runs; NULL: nothing, or that is not known. */
	const char *work;
	/* Where it is: its innermost own frame, or the innermost. */
	const struct location *place;
};

ARRAY(loop_workers, struct loop_worker);
ARRAY(loop_names, const char *);

struct loop_executor {
	/* 0: the loop has none. */
	uint64_t addr;
	const char *type, *prefix;
	/* -1: not known. */
	int64_t max_workers;
	struct loop_workers workers;
	/* Functions that are queued: the first of so many. */
	struct loop_names queued;
	size_t queued_count;
};

struct loop_detail {
	const struct loop *loop;
	/* It is made in C, and may have more than was found. */
	bool is_native;
	/* The first of so many; timers by due time. */
	struct loop_entries ready, timers;
	size_t ready_count, timer_count, cancelled_count;
	struct loop_files files;
	struct loop_signals signals;
	struct loop_executor executor;
	struct aiodbg_problem *problems;
};

/* One for each of waits.loops. */
struct loop_row {
	size_t task_count;
	/* -1: not known. The loop's own are left out. */
	int64_t fd_count;
	/* What is ready, and timers that are not cancelled; -1: not known. When the first is due, if
	 * it has one. */
	int64_t ready_count, timer_count;
	double first_timer_at;
	bool has_first_timer;
};

struct loop_list {
	struct loop_row *rows;
	/* Of the loop that was asked for, or NULL. */
	struct loop_detail *detail;
};

/* Decode the rows of a snapshot that has its waits, and all of the loop at addr unless that is 0.
 * AIODBG_NOT_FOUND if there is no such loop. */
int loops_decode(struct decoder *decoder, struct aiodbg_snapshot *snap, uint64_t addr);
void loop_list_deinit(struct loop_list *list);

/* A loop in select that has something to do: by how long it is late, at least; negative: it is not,
 * or that is not known. */
double loop_late_by(const struct waits *waits, const struct loop *loop);

#endif
