/* SPDX-License-Identifier: MIT */
/* Whether a process has run between two looks at it: /proc/PID/task, as described in proc(5). */
#ifndef PROCESS_RUNS_H
#define PROCESS_RUNS_H

#include <stdbool.h>
#include <stdint.h>

/* What the kernel has done with the threads of a process so far. */
struct runs {
	/* False if it does not say, or if there are very many threads; then all else is 0. */
	bool known;
	/* One of them runs, or is about to. */
	bool running;
	/* How often one was given a processor. */
	uint64_t count;
};

void runs_read(uint32_t pid, struct runs *ret);

/* Whether nothing has run from the beginning of the first look to that of the second. */
bool runs_none(const struct runs *first, const struct runs *second);

#endif
