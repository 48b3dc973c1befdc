/* SPDX-License-Identifier: MIT */
/* Interpreter frames, since 3.11: Include/internal/pycore_interpframe_structs.h. */
#ifndef CPYTHON_FRAME_H
#define CPYTHON_FRAME_H

#include "cpython/code.h"

struct frame {
	uint64_t addr;
	/* Where it stands; NULL for a frame that is no Python function's (the interpreter's
	 * own entry frames), or that is not yet set up. */
	const struct location *location;
	/* The frame that called this one. Only of use in a thread's chain. */
	uint64_t previous;
	/* Where its values begin, and behind the topmost. The latter is of use only while the
	 * frame is suspended. */
	uint64_t stack, stackpointer;
	/* Where its variables are, and behind them the values of its expressions; 0 if it is no
	 * Python function's. */
	uint64_t locals, values;
	/* How many values there are; -1 if that is not known, as while it runs in most versions. */
	int64_t depth;
	uint8_t owner;
};

int frame_read(struct decoder *decoder, uint64_t addr, struct frame *ret);

/* A frame of whichever kind the version has, on a thread's stack. */
int frame_read_any(struct decoder *decoder, uint64_t addr, struct frame *ret);

/* Set locals, values and depth of a frame whose locals are at addr; values: 0 if behind those. */
void frame_set_places(const struct decoder *decoder, struct frame *frame, const struct code *code,
		      uint64_t locals, uint64_t values);

/* The object that a suspended frame awaits; 0 if there is none. */
int frame_awaited(struct decoder *decoder, const struct frame *frame, uint64_t *ret);

/* Whether a suspended frame awaits something, in versions where only its next
 * instruction tells. */
int frame_is_awaiting(struct decoder *decoder, const struct frame *frame, bool *ret);

#endif
