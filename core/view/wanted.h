/* SPDX-License-Identifier: MIT */
/* What views ask of a snapshot beyond its tasks: whose frames are the program's own, which requests are
 * served, and values of context variables. */
#ifndef VIEW_WANTED_H
#define VIEW_WANTED_H

#include "cpython/decoder.h"
#include "snapshot/model.h"

/* Find out where the program is, and its standard library, in a snapshot that has its tasks, if the
 * request needs it. What can't be read is left out. Returns 0, or an error that is fatal. */
int wanted_find_program(struct decoder *decoder, struct aiodbg_snapshot *snap,
			const struct aiodbg_request *request);

/* Decode the rest, in the same way. */
int wanted_decode(struct decoder *decoder, struct aiodbg_snapshot *snap,
		  const struct aiodbg_request *request);

#endif
