/* SPDX-License-Identifier: MIT */
/* Parts of a task that documents of all tasks have, too: json.c. */
#ifndef RENDER_JSON_TASK_H
#define RENDER_JSON_TASK_H

#include "base/json.h"
#include "snapshot/model.h"

/* The key "type", and those behind it up to the stack. */
void json_put_task_facts(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			 const struct task *task);

/* An element of "awaited_by". */
void json_put_awaiter(struct json_gen *gen, const struct edge *edge);

#endif
