/* SPDX-License-Identifier: MIT */
/* The table of renderers, and what the texts share. See render.h. */
#include "render.h"

#include "ceilings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct renderer renderers[] = {
	{"table", render_table},
	{"tree", render_tree},
	{"json", render_json},
	{NULL, NULL},
};

const struct renderer *renderer_find(const char *name)
{
	for (const struct renderer *renderer = renderers; renderer->name; renderer++) {
		if (!strcmp(renderer->name, name))
			return renderer;
	}
	return NULL;
}

size_t render_name(struct output *out, const struct task *task, bool measure)
{
	char unnamed[LIMIT_C_STRING + 32];
	const char *name = task->name;
	if (!name) {
		snprintf(unnamed, sizeof(unnamed), "<%s at 0x%" PRIx64 ">",
			 task->type ? task->type : "task", task->id);
		name = unnamed;
	}
	return measure ? output_safe_width(out, name, LIMIT_NAME_SHOWN)
		       : output_safe(out, name, LIMIT_NAME_SHOWN);
}

bool render_is_pending(const struct task *task)
{
	return task->state != TASK_FINISHED && task->state != TASK_CANCELLED;
}

void render_empty(const struct aiodbg_snapshot *snap, struct output *out)
{
	char version[32];
	output_format(out, "No asyncio tasks: CPython %s, %zu interpreter%s, %zu thread%s; ",
		      layout_version_text(snap->version, version, sizeof(version)),
		      snap->interps.count, snap->interps.count == 1 ? "" : "s", snap->threads.count,
		      snap->threads.count == 1 ? "" : "s");
	if (!snap->asyncio_loaded) {
		output_text(out, "asyncio was never imported.\n");
		return;
	}
	size_t loops = 0;
	for (size_t i = 0; i < snap->threads.count; i++)
		loops += snap->threads.items[i].running_loop != 0;
	output_format(out, "asyncio is imported, %zu event loop%s running.\n", loops,
		      loops == 1 ? "" : "s");
}

#define PROBLEMS_SHOWN 5

void render_problems(const struct aiodbg_snapshot *snap, struct output *out)
{
	size_t shown = 0;
	if (!snap->problems && !snap->damaged_count)
		return;
	output_text(out, "\nIncomplete:\n");
	if (snap->damaged_count)
		output_format(out, "  %zu of %zu tasks could not be read in full.\n",
			      snap->damaged_count, snap->tasks.count);
	for (const struct aiodbg_problem *p = snap->problems; p && shown < PROBLEMS_SHOWN;
	     p = p->next) {
		output_text(out, "  ");
		output_safe(out, p->message, AIODBG_MESSAGE_MAX);
		output_text(out, "\n");
		shown++;
	}
	if (snap->problem_count > shown)
		output_format(out, "  %zu more; see the errors in --json.\n",
			      snap->problem_count - shown);
}
