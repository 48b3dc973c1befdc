/* SPDX-License-Identifier: MIT */
/* What views ask of a snapshot beyond its tasks: which requests are served, and values of context variables. */
#ifndef VIEW_WANTED_H
#define VIEW_WANTED_H

#include "cpython/decoder.h"
#include "snapshot/model.h"

/* Decode that. What can't be read is left out. Returns 0, or an error that is fatal. */
int wanted_decode(struct decoder *decoder, struct aiodbg_snapshot *snap,
		  const struct aiodbg_request *request);

#endif
