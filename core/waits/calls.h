/* SPDX-License-Identifier: MIT */
/* The function of C that a frame calls, which has no frame itself. */
#ifndef WAITS_CALLS_H
#define WAITS_CALLS_H

#include "waits/waits.h"

struct call {
	/* NULL: it calls none, or that is not known. */
	const char *name;
	/* Certain where the depth of the frame's stack is known, likely elsewhere. */
	enum certainty certainty;
	/* It is called to wait: time.sleep(), a lock's acquire(). */
	bool is_blocking;
};

/* Of the frame at addr, which is the innermost of its thread. Fails only fatally. */
int calls_read(struct decoder *decoder, uint64_t addr, struct call *ret);

#endif
