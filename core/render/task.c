/* SPDX-License-Identifier: MIT */
/* Everything known of one task, a line for each thing. */
#include "base/ceilings.h"
#include "render/chain.h"
#include "render/party.h"
#include "render/place.h"
#include "render/reason.h"
#include "render/render.h"
#include "snapshot/detail.h"
#include "view/framing.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Where values stand. */
#define LABEL_WIDTH 14

static void write_label(struct output *out, const char *label)
{
	output_format(out, "%-*s", LABEL_WIDTH, label);
}

static void write_heading(struct output *out, const char *heading)
{
	output_text(out, "\n");
	output_text_as(out, AIODBG_ROLE_HEADING, heading);
	output_text(out, "\n");
}

static void write_text(struct output *out, const char *label, const char *text)
{
	if (!text)
		return;
	write_label(out, label);
	output_safe(out, text, LIMIT_STRING);
	output_text(out, "\n");
}

static void write_object(struct output *out, const char *type, uint64_t addr)
{
	output_safe(out, type ? type : "object", LIMIT_C_STRING);
	output_text(out, " at ");
	output_id(out, addr);
}

static void write_task(struct output *out, const struct task *task)
{
	output_id(out, task->id);
	output_text(out, "  ");
	task_write_name(out, task, false);
}

static void write_cancellation(struct output *out, const struct task_detail *detail)
{
	int32_t requests = detail->task->cancel_requests;
	if (requests <= 0 && !detail->must_cancel && !detail->cancel_message)
		return;
	write_label(out, "cancellation");
	const char *before = "";
	if (requests > 0) {
		output_format(out, "requested %" PRId32 " time%s", requests,
			      requests == 1 ? "" : "s");
		before = ", ";
	}
	if (detail->must_cancel) {
		output_format(out, "%snot yet delivered", before);
		before = ", ";
	}
	if (detail->cancel_message) {
		output_format(out, "%smessage ", before);
		output_safe(out, detail->cancel_message, LIMIT_STRING);
	}
	output_text(out, "\n");
}

static void write_waits_for(struct output *out, const struct task_detail *detail)
{
	const struct task *task = detail->task;
	if (!task_is_pending(task))
		return;
	write_label(out, "waits for");
	if (!detail->waits_for) {
		output_text(out, task->state == AIODBG_TASK_RUNNING ? "nothing: it runs\n"
								    : "nothing: ready to run\n");
		return;
	}
	write_object(out, detail->waits_for_type, detail->waits_for);
	output_format(out, ", %s", task_state_name(detail->waits_for_state));
	if (detail->waits_for_task) {
		output_text(out, ", ");
		task_write_name(out, detail->waits_for_task, false);
	}
	output_text(out, "\n");
}

/* The same in words, if that is known. */
static void write_reason(struct output *out, const struct aiodbg_snapshot *snap)
{
	const struct chain_links *links = snap->chain ? &snap->chain->links : NULL;
	if (!links || !links->count || links->items[0].wait->kind == WAIT_UNKNOWN ||
	    snap->detail->task->state != AIODBG_TASK_PENDING)
		return;
	write_label(out, "reason");
	reason_write(out, snap, links->items[0].wait);
	output_text(out, "\n");
}

/* Who has what it waits for, and why that one does not go on. */
static void write_chain(struct output *out, const struct view *view)
{
	const struct aiodbg_snapshot *snap = view->snap;
	if (!snap->chain || snap->chain->links.count < 2)
		return;
	write_heading(out, "Why that is not done:");
	chain_write_links(out, view, 1, SECTION_LINES);
}

static void write_head(const struct aiodbg_snapshot *snap, struct output *out)
{
	const struct task_detail *detail = snap->detail;
	const struct task *task = detail->task;
	write_label(out, "task");
	write_task(out, task);
	output_text(out, "\n");
	write_text(out, "name", task->short_name ? task->name : NULL);
	write_text(out, "type", task->type);
	write_text(out, "state", task_state_name(task->state));
	write_label(out, "thread");
	if (task->thread >= 0)
		output_format(out, "%" PRIu64 "\n", snap->threads.items[task->thread].tid);
	else
		output_text(out, "none: no thread runs its loop\n");
	write_label(out, "interpreter");
	int64_t interp = snapshot_interp_id(snap, task->interp);
	if (interp >= 0)
		output_format(out, "%" PRId64 "\n", interp);
	else
		output_text(out, "unknown\n");
	write_label(out, "loop");
	write_object(out, detail->loop_type, task->loop);
	output_text(out, "\n");
	write_cancellation(out, detail);
	write_waits_for(out, detail);
	write_reason(out, snap);
	write_text(out, "result", detail->result);
	write_text(out, "exception", detail->exception);
}

static void write_edge_source(struct output *out, const struct edge *edge)
{
	static const char *const names[] = {
		[AIODBG_SOURCE_AWAITED_BY] = "recorded",
		[AIODBG_SOURCE_CALLBACK] = "callback",
		[AIODBG_SOURCE_AWAITED_BY | AIODBG_SOURCE_CALLBACK] = "recorded and callback",
	};
	output_format(out, "  (%s%s)\n", names[edge->source],
		      edge_waits(edge) ? "" : "; only started there");
}

static void write_edges(struct output *out, const struct task *task)
{
	if (task->awaiter_count)
		write_heading(out, "Awaited by:");
	for (size_t i = 0; i < task->awaiter_count && !out->status; i++) {
		const struct edge *edge = &task->awaiters[i];
		output_text(out, "  ");
		if (edge->awaiter)
			write_task(out, edge->awaiter);
		else
			output_format(out, "0x%" PRIx64 "  (future)", edge->awaiter_id);
		write_edge_source(out, edge);
	}
	if (task->awaited_count)
		write_heading(out, "Awaits:");
	for (size_t i = 0; i < task->awaited_count && !out->status; i++) {
		output_text(out, "  ");
		write_task(out, task->awaited[i]->task);
		write_edge_source(out, task->awaited[i]);
	}
}

static void write_context(struct output *out, const struct context_variables *context)
{
	if (context->count)
		write_heading(out, "Context variables:");
	for (size_t i = 0; i < context->count; i++) {
		output_text(out, "  ");
		output_safe(out, context->items[i].name, LIMIT_NAME_SHOWN);
		output_text(out, " = ");
		output_safe(out, context->items[i].value, LIMIT_STRING);
		output_text(out, "\n");
	}
}

static void write_created(struct output *out, const struct source_places *created)
{
	if (created->count)
		write_heading(out, "Created at, innermost last:");
	for (size_t i = 0; i < created->count; i++) {
		const struct source_place *place = &created->items[i];
		place_write(out, place->file, place->line, place->function, place->text);
	}
}

static void write_problems(struct output *out, const struct aiodbg_problem *problems)
{
	for (const struct aiodbg_problem *p = problems; p; p = p->next) {
		output_text(out, "  ");
		output_safe(out, p->message, AIODBG_MESSAGE_MAX);
		output_text(out, "\n");
	}
}

int render_task(const struct view *view, struct output *out)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct task_detail *detail = snap->detail;
	write_head(snap, out);
	const struct place_stack stack = {detail->task->stack, detail->source, detail->locals,
					  detail->task->depth};
	bool good = place_write_stack(out, &stack, view->framing);
	write_chain(out, view);
	write_edges(out, detail->task);
	write_context(out, &detail->context);
	write_created(out, &detail->created);
	if (detail->problems || detail->task->problems)
		write_heading(out, "Incomplete:");
	write_problems(out, detail->task->problems);
	write_problems(out, detail->problems);
	size_t elsewhere = snap->problem_count + snap->damaged_count -
			   (detail->task->problems != NULL);
	if (elsewhere)
		output_format(out,
			      "\nWhat could not be read elsewhere (%zu) may be who awaits it: see "
			      "`asyncio doctor`.\n",
			      elsewhere);
	return good ? 0 : AIODBG_NO_MEMORY;
}
