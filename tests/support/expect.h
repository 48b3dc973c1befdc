/* SPDX-License-Identifier: MIT */
/*
 * Assertions about calls of the library. err is where the call puts its error: for
 * decoders that is heap.err.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include "aiodbg.h"

#include <check.h>
#include <inttypes.h>
#include <string.h>

/* The call succeeds; if not, the library's own message is shown. */
#define expect_ok(err, call)                                                                       \
	do {                                                                                       \
		int status_ = (call);                                                              \
		if (status_)                                                                       \
			ck_abort_msg("%s: status %d: %s", #call, status_, (err)->message);         \
	} while (0)

/* The call fails with this status, and says so. */
#define expect_status(err, call, wanted)                                                           \
	do {                                                                                       \
		int status_ = (call);                                                              \
		if (status_ != (wanted))                                                           \
			ck_abort_msg("%s: status %d, not %s: %s", #call, status_, #wanted,         \
				     (err)->message);                                              \
		if ((err)->code != status_)                                                        \
			ck_abort_msg("%s: code %d in the error, status %d", #call, (err)->code,    \
				     status_);                                                     \
		if (!(err)->message[0] || strchr((err)->message, '\n'))                            \
			ck_abort_msg("%s: not one line: \"%s\"", #call, (err)->message);           \
	} while (0)

/* The call fails, and its message has this text in it. */
#define expect_error(err, call, wanted, text)                                                      \
	do {                                                                                       \
		expect_status(err, call, wanted);                                                  \
		expect_has((err)->message, text);                                                  \
	} while (0)

/* The same, about this address. */
#define expect_error_at(err, call, wanted, text, addr)                                             \
	do {                                                                                       \
		expect_error(err, call, wanted, text);                                             \
		if (!(err)->has_address || (err)->address != (uint64_t)(addr))                     \
			ck_abort_msg("%s: not at %#" PRIx64 ": %s", #call, (uint64_t)(addr),       \
				     (err)->message);                                              \
	} while (0)

/* text is somewhere in whole. */
#define expect_has(whole, text)                                                                    \
	do {                                                                                       \
		if (!strstr(whole, text))                                                          \
			ck_abort_msg("\"%s\" is not in \"%s\"", text, whole);                      \
	} while (0)

#define expect_has_not(whole, text)                                                                \
	do {                                                                                       \
		if (strstr(whole, text))                                                           \
			ck_abort_msg("\"%s\" is in \"%s\"", text, whole);                          \
	} while (0)

/* Two addresses are the same. */
#define expect_addr(addr, wanted)                                                                  \
	do {                                                                                       \
		uint64_t addr_ = (addr), wanted_ = (wanted);                                       \
		if (addr_ != wanted_)                                                              \
			ck_abort_msg("%s is %#" PRIx64 ", not %s, %#" PRIx64, #addr, addr_,        \
				     #wanted, wanted_);                                            \
	} while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
