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
 * LIMIT_REPR_* allow. name is that of the variable that has it, or NULL: it may say that the value is
 * a secret, which is hidden as base/redact.h says unless decoder.shows_secrets is set. What cannot be read says so in its place; fails only fatally.
 */
int repr_read(struct decoder *decoder, const char *name, uint64_t addr, const char **ret);

/* The same in 80 characters or as many as decoder.value_length says, of containers the first items only, and nothing of what is of a class
 * that is derived from a built-in one. */
int repr_read_brief(struct decoder *decoder, const char *name, uint64_t addr, const char **ret);

#endif
