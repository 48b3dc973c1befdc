/* SPDX-License-Identifier: MIT */
/* A snapshot from its first byte to its last: each room above decodes its part, in order. */
#ifndef SESSION_SNAPSHOT_H
#define SESSION_SNAPSHOT_H

#include "cpython/decoder.h"
#include "session/session.h"
#include "snapshot/model.h"

/*
 * Take one snapshot of the target, with what the request wants. before is an earlier one that it is
 * compared with, or NULL; it must outlive the new one. Returns 0, or an error that is fatal.
 */
int snapshot_take(struct aiodbg *dbg, const struct aiodbg_request *request,
		  const struct aiodbg_snapshot *before, struct decoder *decoder,
		  struct aiodbg_snapshot **ret);

/* snap may be NULL. */
void snapshot_destroy(struct aiodbg_snapshot *snap);

#endif
