/* SPDX-License-Identifier: MIT */
/* A sink that keeps what is written to it. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "aiodbg.h"

struct capture {
	/* To be passed to the code under test. */
	struct aiodbg_sink sink;
	/* What was written, NUL-terminated. */
	char *text;
	size_t len;
	/* Calls of write so far. */
	unsigned int writes;
	/* What write returns, and what is answered to the question whether to go on, unless 0. */
	int status, interrupted;
};

/* One that can show all characters, or only ASCII. */
void capture_init(struct capture *capture, bool unicode);
void capture_deinit(struct capture *capture);
void capture_clear(struct capture *capture);

/* Declares one that is freed at the end of the scope. */
#define CAPTURE(name, unicode)                                                                     \
	struct capture name __attribute__((cleanup(capture_deinit)));                              \
	capture_init(&(name), unicode)

#endif
