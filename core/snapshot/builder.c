/* SPDX-License-Identifier: MIT */
/* Problems on the way to a snapshot. See snapshot/builder.h. */
#include "snapshot/builder.h"

#include "base/ceilings.h"
#include "base/error.h"

int builder_note(void *arg, const struct aiodbg_error *error)
{
	struct builder *builder = arg;
	struct aiodbg_problem *problem;
	if (builder->snap->problem_count++ >= LIMIT_PROBLEMS)
		return 0;
	problem = problem_create(&builder->snap->arena, error);
	if (!problem)
		return decoder_no_memory(builder->decoder);
	*builder->problems_end = problem;
	builder->problems_end = &problem->next;
	return 0;
}

int builder_note_task(struct builder *builder, struct task *task, int status, const char *what)
{
	struct aiodbg_error *error = &builder->decoder->reader.error;
	if (!status || error_is_fatal(status))
		return status;
	error_prefix(error, "%s", what);
	struct aiodbg_problem **end = &task->problems;
	struct aiodbg_problem *problem = problem_create(&builder->snap->arena, error);
	if (!problem)
		return decoder_no_memory(builder->decoder);
	if (!*end)
		builder->snap->damaged_count++;
	while (*end)
		end = &(*end)->next;
	*end = problem;
	return 0;
}
