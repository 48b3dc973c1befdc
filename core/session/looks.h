/* SPDX-License-Identifier: MIT */
/*
 * One look at a target, or two at a process that runs, with time in between: what changed
 * meanwhile is not judged. verdicts/looks.h compares them.
 */
#ifndef SESSION_LOOKS_H
#define SESSION_LOOKS_H

#include "session/session.h"
#include "snapshot/model.h"

/* Two looks are at least so far apart, in milliseconds. */
#define LOOKS_APART 100
/* And if what is to be said rests on somebody having stood still: without the time that the process is
 * kept waiting for a processor, and with it. */
#define LOOKS_APART_STILL 1050
#define LOOKS_APART_MOST 10000
/* And meanwhile, what stands still is looked at so often. */
#define LOOKS_APART_AGAIN 500

/* A snapshot, the last of those that the request asks for, which may be NULL. Errors are those of
 * retry_snapshot(). */
int looks_take(struct aiodbg *dbg, const struct aiodbg_request *request, struct aiodbg_error *err,
	       struct aiodbg_snapshot **ret);

#endif
