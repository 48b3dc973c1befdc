/* SPDX-License-Identifier: MIT */
/* struct aiodbg: a target, and the runtime that was found in it. */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "cpython/discover.h"

struct process;

struct aiodbg {
	struct aiodbg_target target;
	struct aiodbg_options options;
	struct runtime runtime;
	struct aiodbg_stats stats;
	/* Owned, what target was made from; NULL if it is the caller's. */
	struct process *process;
	/* The same of a core. */
	struct aiodbg_core *core;
	/* Owned, what target was made from if the debugger lacked the files of a process that it
	 * has stopped; else NULL. */
	struct process *files;
};

static inline void session_add_stats(struct aiodbg *dbg, const struct aiodbg_stats *stats)
{
	dbg->stats.reads += stats->reads;
	dbg->stats.faults += stats->faults;
	dbg->stats.bytes += stats->bytes;
	if (stats->cache_peak > dbg->stats.cache_peak)
		dbg->stats.cache_peak = stats->cache_peak;
}

/*
 * Open a target, the process with that id, or the core of that path, and find the runtime in it. What was learned of the
 * target is there also on failure: then *ret is to be closed as well, unless it is NULL.
 */
int session_open(const struct aiodbg_target *target, const struct aiodbg_options *options,
		 struct aiodbg_error *err, struct aiodbg **ret);
int session_open_process(uint32_t pid, const struct aiodbg_options *options,
			 struct aiodbg_error *err, struct aiodbg **ret);
int session_open_core(const char *path, const char *sysroot, const struct aiodbg_options *options,
		      struct aiodbg_error *err, struct aiodbg **ret);

/* The first file of another build that the debugger takes for the core's: 0, AIODBG_NOT_FOUND, or
 * the callback's value, with the error set. */
int session_other_file(const struct aiodbg_target *target, struct aiodbg_error *err,
		       struct aiodbg_other_file *ret);

/* dbg may be NULL. */
void session_close(struct aiodbg *dbg);

#endif
