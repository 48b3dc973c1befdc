/* SPDX-License-Identifier: MIT */
/* The table of renderers, and what the texts share. See render/render.h. */
#include "render/render.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/text.h"
#include "snapshot/causes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct renderer renderers[] = {
	{"table", AIODBG_SHOW_TASKS, render_table},
	{"tree", AIODBG_SHOW_TASKS, render_tree},
	{"json", AIODBG_SHOW_TASKS, render_json},
	{"text", AIODBG_SHOW_GRAPH, render_graph},
	{"text", AIODBG_SHOW_TASK, render_task},
	{"json", AIODBG_SHOW_TASK, render_task_json},
	{"text", AIODBG_SHOW_WHY, render_why},
	{"json", AIODBG_SHOW_WHY, render_json},
	{"text", AIODBG_SHOW_LOOPS, render_loops},
	{"json", AIODBG_SHOW_LOOPS, render_loops_json},
	{"text", AIODBG_SHOW_THREADS, render_threads},
	{"json", AIODBG_SHOW_THREADS, render_threads_json},
	{"text", SHOW_DOCTOR, render_doctor},
	{NULL, 0, NULL},
};

const struct renderer *renderer_find(uint32_t shows, const char *name)
{
	for (const struct renderer *renderer = renderers; renderer->name; renderer++) {
		if (renderer->shows == shows && (!name || !strcmp(renderer->name, name)))
			return renderer;
	}
	return NULL;
}

void renderer_names(uint32_t shows, char *buf, size_t size)
{
	const char *names[sizeof(renderers) / sizeof(renderers[0])] = {NULL};
	size_t count = 0;
	for (const struct renderer *renderer = renderers; renderer->name; renderer++) {
		if (renderer->shows == shows)
			names[count++] = renderer->name;
	}
	text_list(names, buf, size);
}

int renderer_run(const struct renderer *renderer, const struct view *view,
		 const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct output out;
	output_init(&out, sink);
	int status = renderer->render(view, &out);
	if (status == AIODBG_NO_MEMORY)
		return error_no_memory(err);
	if (status) {
		uint64_t id = view->options && view->options->id ? view->options->id
								 : view->snap->subject;
		return error_at(err, status, id, "neither a task nor a future");
	}
	return output_finish(&out, err);
}

void render_children(const struct aiodbg_snapshot *snap, const char *command, struct output *out)
{
	if (!snap->child_count)
		return;
	output_format(out, "%zu child process%s Python: ", snap->child_count,
		      snap->child_count == 1 ? " runs" : "es run");
	for (size_t i = 0; i < snap->child_count && i < MODEL_CHILDREN; i++)
		output_format(out, "%s%" PRIu32, i ? ", " : "", snap->children[i]);
	output_format(out, "%s: asyncio %s %" PRIu32 "\n",
		      snap->child_count > MODEL_CHILDREN ? ", ..." : "", command,
		      snap->children[0]);
}

/* Where else to look. */
static void render_elsewhere(const struct aiodbg_snapshot *snap, struct output *out)
{
	for (size_t i = 0; i < snap->framework_count; i++)
		output_format(out, "%s%s",
			      i ? ", " : "Loaded, and not shown by aiodbg: ", snap->frameworks[i]);
	if (snap->framework_count)
		output_text(out, ".\n");
	render_children(snap, "ps", out);
}

void render_empty(const struct aiodbg_snapshot *snap, struct output *out)
{
	char version[32];
	output_format(out, "No asyncio tasks%s: CPython %s, %zu interpreter%s, %zu thread%s; ",
		      snap->problems ? " in what could be read" : "",
		      layout_version_text(snap->version, version, sizeof(version)),
		      snap->interps.count, snap->interps.count == 1 ? "" : "s", snap->threads.count,
		      snap->threads.count == 1 ? "" : "s");
	if (!snap->asyncio_loaded) {
		output_text(out, "asyncio was never imported.\n");
		render_elsewhere(snap, out);
		return;
	}
	size_t loops = 0;
	for (size_t i = 0; i < snap->threads.count; i++)
		loops += snap->threads.items[i].running_loop != 0;
	output_format(out, "asyncio is imported, %zu event loop%s running.\n", loops,
		      loops == 1 ? "" : "s");
	render_elsewhere(snap, out);
}

void render_stopped(const struct aiodbg_snapshot *snap, struct output *out)
{
	if (snap->stopped)
		output_format(out,
			      "\nProcess %" PRIu32
			      " is stopped by a signal, a debugger or its control group.\n",
			      snap->pid);
}

/* "--with waits=lock" */
static void write_filters(const struct view_query *query, struct output *out)
{
	for (size_t i = 0; i < query->filter_count; i++) {
		output_text(out, query->filters[i].without ? " --without " : " --with ");
		output_safe(out, query->filters[i].text, LIMIT_NAME_SHOWN);
	}
}

void render_counts_left_out(const struct view_query *query, const char *what, size_t filtered,
			    size_t cut, struct output *out)
{
	if (!filtered && !cut)
		return;
	output_text(out, "\nLeft out: ");
	if (filtered) {
		output_format(out, "%zu %s%s by", filtered, what, filtered == 1 ? "" : "s");
		write_filters(query, out);
	}
	if (filtered && cut)
		output_text(out, ", ");
	if (cut)
		output_format(out, "%zu %s%s by --top: --top 0 shows %s", cut, what,
			      cut == 1 ? "" : "s", cut == 1 ? "it" : "them");
	output_text(out, ".\n");
}

void render_left_out(const struct view *view, struct output *out)
{
	const struct selection *selection = view->selection;
	if (!selection)
		return;
	render_counts_left_out(selection->query, "task", selection->filtered, selection->cut, out);
	if (!selection->near)
		return;
	output_text(out, "No task fits: did you mean --with name=");
	task_write_name(out, selection->near, false);
	output_text(out, "?\n");
}

#define CAUSES_SHOWN 5

static void render_cause(const struct cause *cause, bool of_tasks, struct output *out)
{
	if (cause->count == 1) {
		output_text(out, "  ");
		if (of_tasks)
			output_format(out, "0x%" PRIx64 ": ", cause->addresses[0]);
		output_safe(out, cause->first->message, AIODBG_MESSAGE_MAX);
		output_text(out, "\n");
		return;
	}
	const char *before = of_tasks ? ": tasks " : " at ";
	output_format(out, "  %zu times: ", cause->count);
	output_safe(out, cause->text, AIODBG_MESSAGE_MAX);
	for (size_t i = 0; i < cause->address_count; i++) {
		output_format(out, "%s0x%" PRIx64, before, cause->addresses[i]);
		before = ", ";
	}
	output_text(out, cause->count > cause->address_count ? "...\n" : "\n");
}

/* Returns how many problems the lines are about. */
static size_t render_causes(const struct causes *causes, bool of_tasks, struct output *out)
{
	size_t total = 0;
	for (size_t i = 0; i < causes->count && i < CAUSES_SHOWN; i++) {
		render_cause(&causes->items[i], of_tasks, out);
		total += causes->items[i].count;
	}
	return total;
}

static size_t add_causes(struct causes *causes, const struct aiodbg_problem *problem,
			 const struct task *task)
{
	size_t count = 0;
	for (; problem; problem = problem->next, count++)
		causes_add(causes, problem, task ? task->id : problem->address);
	return count;
}

/* As long as a callback may take. */
#define NOT_POLLED_SECONDS 1.0

void render_not_polled(const struct aiodbg_snapshot *snap, struct output *out)
{
	const struct busy_loop *worst = NULL;
	for (size_t i = 0; snap->has_now && i < snap->busy_loops.count; i++) {
		const struct busy_loop *loop = &snap->busy_loops.items[i];
		if (!loop->has_since || snap->now - loop->since <= NOT_POLLED_SECONDS)
			continue;
		if (!worst || loop->since < worst->since)
			worst = loop;
	}
	if (worst)
		output_format(out,
			      "\nLoop 0x%" PRIx64 " of thread %" PRIu64
			      " has not polled for %.1f s: asyncio why\n",
			      worst->addr, snap->threads.items[worst->thread].tid,
			      snap->now - worst->since);
}

void render_problems(const struct aiodbg_snapshot *snap, struct output *out)
{
	struct causes of_all = {.count = 0}, of_tasks = {.count = 0};
	size_t count = snap->problem_count;
	if (snapshot_is_complete(snap))
		return;
	add_causes(&of_all, snap->problems, NULL);
	for (size_t i = 0; i < snap->tasks.count && output_goes_on(out); i++)
		count += add_causes(&of_tasks, snap->tasks.items[i]->problems,
				    snap->tasks.items[i]);
	output_text(out, "\nIncomplete (see `asyncio doctor`):\n");
	if (snap->damaged_count)
		output_format(out, "  %zu of %zu tasks could not be read in full.\n",
			      snap->damaged_count, snap->tasks.count);
	if (snap->cut_count)
		output_format(out, "  %zu of %zu tasks go on in objects that cannot be followed.\n",
			      snap->cut_count, snap->tasks.count);
	count -= render_causes(&of_all, false, out);
	count -= render_causes(&of_tasks, true, out);
	if (count)
		output_format(out, "  %zu more; see the errors in --json.\n", count);
}
