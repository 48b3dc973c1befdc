/* SPDX-License-Identifier: MIT */
/* Whoever reads the output: a terminal, which has colours and a width, or a pipe or file. And the
 * lines on stderr that say that a long command still works. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "aiodbg.h"

#include <time.h>

struct screen {
	/* For the library. */
	struct aiodbg_sink sink;
	/* Of the command. */
	const char *title;
	/* The beginning of a part that has a style was the last byte. */
	bool in_mark;
	/* Nobody looks at stderr, or the output has begun. */
	bool is_quiet;
	struct timespec begun;
	/* Seconds after that when the next line is due. */
	double due;
};

/* screen->sink refers to it: it is not to be moved. */
void screen_init(struct screen *screen, const char *title);

/* To be called often while nothing is written, with the screen; as aiodbg_interrupted_fn: never
 * interrupts. */
int screen_step(void *ctx);

#endif
