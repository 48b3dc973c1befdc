/* SPDX-License-Identifier: MIT */
/* What functions do to those that wait: by the methods that their code names. */
#ifndef CLOSURE_DEEDS_H
#define CLOSURE_DEEDS_H

#include "waits/waiting.h"

/* Bits of a mask. */
enum deed {
	DEED_SETS = 1,
	DEED_PUTS = 2,
	DEED_GETS = 4,
	DEED_TASK_DONE = 8,
	DEED_NOTIFIES = 16,
	DEED_COMPLETES = 32,
	DEED_RELEASES = 64,
	DEED_ACQUIRES = 128,
	DEED_ITERATES = 256,
	DEED_WAITS = 512,
};

/* Those that a code names. It is remembered. */
int deeds_of(struct waiting *waiting, const struct code *code, unsigned int *ret);

/* Those of a function, or of what it is a method or a partial of. */
int deeds_of_function(struct waiting *waiting, uint64_t function, unsigned int *ret);

/* Those that end such a wait. */
unsigned int deeds_that_end(enum wait_kind kind);

#endif
