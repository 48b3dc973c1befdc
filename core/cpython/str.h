/* SPDX-License-Identifier: MIT */
/*
 * str: Include/cpython/unicodeobject.h.
 *
 * Results are UTF-8 in the arena. Lone surrogates, which a str may hold, are kept as
 * the three bytes that UTF-8 would have for them, and a NUL as two; base/text.h knows both.
 */
#ifndef CPYTHON_STR_H
#define CPYTHON_STR_H

#include "cpython/decoder.h"

/*
 * Decode the str at addr, or of a subclass. One that is longer than LIMIT_STRING is cut
 * and ends in "...".
 */
int str_read(struct decoder *decoder, uint64_t addr, const char **ret);

/* The same for a name that is shown, with what is secret in it hidden: tasks, threads and pools are
 * named after what they do, "GET https://user:password@host/". */
int str_read_shown(struct decoder *decoder, uint64_t addr, const char **ret);

/*
 * Which of the ASCII texts, each of at most 64 bytes, the str at addr equals; count if none.
 * Fails only fatally.
 */
int str_find(struct decoder *decoder, uint64_t addr, const char *const *texts, size_t count,
	     size_t *ret);

/* Whether addr is a str that equals the ASCII text. Fails only fatally. */
int str_equals(struct decoder *decoder, uint64_t addr, const char *text, bool *ret);

#endif
