/* SPDX-License-Identifier: MIT */
/* One loop while it is read: shared by loop_detail.c, loop_files.c and loop_executor.c. */
#ifndef LOOPS_DETAILING_H
#define LOOPS_DETAILING_H

#include "base/addrmap.h"
#include "loops/loop_detail.h"

struct detailing {
	struct decoder *decoder;
	struct aiodbg_snapshot *snap;
	struct loop_detail *detail;
	/* Tasks by the future that they wait for. */
	struct addrmap by_future;
	/* What the search from a file has seen. */
	struct addrmap seen;
};

int detailing_entry(struct detailing *detailing, uint64_t addr, struct loop_entry *ret);

/* A part that cannot be read costs only itself. Passes fatal errors through. */
int detailing_pass_over(struct detailing *detailing, int status, const char *what);

int loop_files_read(struct detailing *detailing, uint64_t selector);
/* Sorts them, and adds who says of itself that it waits for one. */
int loop_files_finish(struct detailing *detailing);
int loop_executor_read(struct detailing *detailing, uint64_t addr);

/* What a loop that is made in C has. 0 or -1: it is not known. */
struct loop_native {
	/* A deque of handles, and a set of them. */
	uint64_t ready, timers;
	/* Dicts of what watches a file, and of weak references to transports, by number. */
	uint64_t polls, transports;
	uint64_t executor;
	int64_t ready_count, timer_count;
	double first_timer_at;
	bool has_first_timer, some_undated;
	/* What it watches, without its own. */
	int64_t fd_count;
};

/* A file that libuv watches, and the class of what it does so for; NULL: not known. */
struct loop_watcher {
	int64_t fd;
	bool reads, writes, is_seen;
	const char *owner;
};

ARRAY(loop_watcher_array, struct loop_watcher);

struct loop_watchers {
	/* In the order of their numbers, without those that libuv has for itself. */
	struct loop_watcher_array found;
	size_t count_of_all;
	bool is_known;
};

/* Fails only fatally. */
int loop_watchers_read(struct decoder *decoder, uint64_t loop, struct loop_watchers *ret);

/* Fails only fatally. */
int loop_native_read(struct decoder *decoder, uint64_t loop, struct loop_native *ret);
int loop_native_files(struct detailing *detailing, const struct loop_native *native);

#endif
