/* SPDX-License-Identifier: MIT */
#include "render/idle.h"

#include "waits/waits.h"

const char *idle_unproven(const struct aiodbg_snapshot *snap)
{
	if (snap->free_threaded)
		return "who alone could wake others, as this build counts no references";
	if (snap->waits->has_gaps)
		return "who alone could wake others, as memory could not be read";
	return snap->waits->is_cut ? "who else could go on, as too much leads there" : NULL;
}

void idle_write(struct output *out, const struct aiodbg_snapshot *snap)
{
	const struct waits *waits = snap->waits;
	size_t unknown = 0;
	for (size_t i = 0; i < snap->tasks.count; i++)
		unknown += snap->tasks.items[i]->state == AIODBG_TASK_PENDING &&
			   !snap->tasks.items[i]->is_copy &&
			   waits->of_tasks[i].kind == WAIT_UNKNOWN;
	output_text_as(out, AIODBG_ROLE_VERDICT, "IDLE");
	output_text(out, ": no task or thread is seen to wait in vain, and no loop is "
			 "blocked.\n");
	output_text(out, "  Not examined: who would send, set or put what is waited for");
	if (unknown)
		output_format(out, ";\n  %zu wait%s for something that is not known", unknown,
			      unknown == 1 ? "s" : "");
	if (!waits->has_now || waits->now_is_least)
		output_text(out, ";\n  how long callbacks run, as the time is not known");
	if (idle_unproven(snap))
		output_format(out, ";\n  %s", idle_unproven(snap));
	output_text(out, ".\n");
}
