/* SPDX-License-Identifier: MIT */
/*
 * Setting a struct aiodbg_error. Nothing here allocates, so running out of memory can
 * be reported. Every function takes a NULL err.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "aiodbg.h"

#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* Set code and message, no address. Returns code. */
int error_set(struct aiodbg_error *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same, about a target address, which is appended to the message. Returns code. */
int error_at(struct aiodbg_error *err, int code, uint64_t address, const char *format, ...)
	PRINTF_LIKE(4, 5);

/* Say where, if the error has no address yet. */
void error_locate(struct aiodbg_error *err, uint64_t address);

/* Put "context: " in front of the message, so that it reads from the outside in. */
void error_prefix(struct aiodbg_error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Put more behind the message. What gets too long is cut. */
void error_append(struct aiodbg_error *err, const char *format, ...) PRINTF_LIKE(2, 3);

void error_clear(struct aiodbg_error *err);

/* AIODBG_NO_MEMORY with its message. */
int error_no_memory(struct aiodbg_error *err);

/*
 * True if the work cannot go on: out of memory, interrupted, the process ended, a callback said
 * so, or it is enough. The others are about one object of the target, and are noted.
 */
static inline bool error_is_fatal(int code)
{
	return code && (code < 0 || code == AIODBG_NO_MEMORY || code == AIODBG_INTERRUPTED ||
			code == AIODBG_NO_PROCESS || code == AIODBG_TOO_MUCH);
}

#endif
