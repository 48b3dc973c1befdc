/* SPDX-License-Identifier: MIT */
/*
 * Whether a process has run. See process/runs.h.
 *
 * Its processor time does not tell: that of a process which runs on another processor is
 * brought up to date by the kernel's tick only, every 1 to 10 ms, which is longer than most
 * snapshots take.
 */
#include "process/runs.h"

#include "base/ceilings.h"
#include "process/proc_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A file of one thread, in the open folder of all. Returns false if it cannot be read. */
static bool read_file(int folder, const char *tid, const char *file, char **ret)
{
	char name[64];
	int len = snprintf(name, sizeof(name), "%s/%s", tid, file);
	return len > 0 && (size_t)len < sizeof(name) &&
	       proc_file_read(folder, name, LIMIT_PROC_FILE, ret) == 0;
}

/* The count comes first: what begins to run after that is seen by the next look. */
static bool add_thread(int folder, const char *tid, void *arg)
{
	struct runs *runs = arg;
	char *text;
	uint64_t count = 0;
	if (!read_file(folder, tid, "schedstat", &text))
		return false;
	/* Time on the processor, time of waiting for it, and how often it was given. */
	bool known = sscanf(text, "%*u %*u %" SCNu64, &count) == 1;
	free(text);
	if (!known || !read_file(folder, tid, "status", &text))
		return false;
	const char *state = proc_file_field(text, "State");
	runs->running = runs->running || !state || *state == 'R';
	runs->count += count;
	free(text);
	return true;
}

void runs_read(uint32_t pid, struct runs *ret)
{
	*ret = (struct runs){0};
	ret->known = proc_file_visit_threads(pid, add_thread, ret);
	/* A kernel that does not count says that none has ever run. */
	if (!ret->count || !ret->known)
		*ret = (struct runs){.known = false};
}

bool runs_none(const struct runs *first, const struct runs *second)
{
	/* A thread neither begins nor ends without one that runs. */
	return first->known && !first->running && second->known && second->count == first->count;
}
