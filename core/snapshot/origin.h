/* SPDX-License-Identifier: MIT */
/*
 * Where the target's standard library is, and where the program is that it runs: what snapshot/own.h tells
 * own frames by. Paths are those that the target knows.
 */
#ifndef SNAPSHOT_ORIGIN_H
#define SNAPSHOT_ORIGIN_H

#include "cpython/decoder.h"
#include "snapshot/model.h"

/*
 * Find both, for a snapshot that has its tasks. A program that was installed is looked for only where no
 * frame of a task is own without it. What can't be read is left out. Returns 0, or an error that is fatal.
 */
int origin_find(struct decoder *decoder, struct aiodbg_snapshot *snap);

#endif
