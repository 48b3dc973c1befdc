/* SPDX-License-Identifier: MIT */
/* From memory to a snapshot: the order of the whole. */
#ifndef SNAPSHOT_BUILD_H
#define SNAPSHOT_BUILD_H

#include "cpython/discover.h"
#include "snapshot/model.h"

/* Decode what is requested into an empty snapshot. On failure it is still to be destroyed. */
int build_snapshot(struct aiodbg_snapshot *snap, struct decoder *decoder, struct runtime *runtime,
		   const struct aiodbg_request *request);

#endif
