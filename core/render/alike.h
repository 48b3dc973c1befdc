/* SPDX-License-Identifier: MIT */
/* Verdicts that say the same of other tasks: one mistake, made once for each request. */
#ifndef RENDER_ALIKE_H
#define RENDER_ALIKE_H

#include "base/output.h"
#include "verdicts/verdicts.h"

/* Whether one that comes before it in the list says the same, at the same lines. */
bool alike_is_repeated(const struct verdict_list *list, size_t index);

/* "  8 more like this: Task-660, Task-674", of those behind it that are repeated. */
void alike_write(struct output *out, const struct aiodbg_snapshot *snap, size_t index);

#endif
