/* SPDX-License-Identifier: MIT */
/* What is written where nothing is wrong: IDLE, and what was not examined. */
#ifndef RENDER_IDLE_H
#define RENDER_IDLE_H

#include "base/output.h"
#include "snapshot/model.h"

void idle_write(struct output *out, const struct aiodbg_snapshot *snap);

/* What nothing is said of, as it could not be proven, and why; NULL: nothing. */
const char *idle_unproven(const struct aiodbg_snapshot *snap);

#endif
