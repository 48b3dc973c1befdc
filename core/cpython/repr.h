/* SPDX-License-Identifier: MIT */
/*
 * A value in a few words, as Python's repr() writes it: None, int, float, str, bytes,
 * exceptions, and containers of those. Of all others only what they are. No code of the target
 * runs, so what a class writes of itself is not known here.
 */
#ifndef CPYTHON_REPR_H
#define CPYTHON_REPR_H

#include "cpython/decoder.h"

/*
 * The text of the object at addr, escaped like all of the target's, and never longer than
 * LIMIT_REPR_* allow. What cannot be read says so in its place; fails only fatally.
 */
int repr_read(struct decoder *decoder, uint64_t addr, const char **ret);

#endif
