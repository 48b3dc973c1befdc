/* SPDX-License-Identifier: MIT */
/* The text of a line of source, as the debugger finds it. */
#ifndef SNAPSHOT_SOURCE_H
#define SNAPSHOT_SOURCE_H

#include "cpython/decoder.h"

/* In the arena, without its indentation; NULL if the debugger does not find it. */
int source_read(struct decoder *decoder, const char *file, int64_t line, const char **ret);

#endif
