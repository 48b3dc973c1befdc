/* SPDX-License-Identifier: MIT */
/*
 * The call graph of one task and of all that await it, in the format of
 * asyncio.print_call_graph(): Lib/asyncio/graph.py.
 *
 * There, whoever awaits two things is written below both, in full, with all who await them in
 * turn; here each is written in full once. That aside the text is the same.
 */
#include "base/array.h"
#include "base/ceilings.h"
#include "render/render.h"
#include "snapshot/graph.h"
#include "view/framing.h"

#include <inttypes.h>
#include <stdlib.h>

enum written {
	NOT_WRITTEN,
	WRITTEN,
	/* On the way from the root to where we are. */
	ON_THE_WAY,
	/* Its line is there, the rest follows further down. */
	TO_CONTINUE,
};

struct graph_level {
	const struct node *node;
	size_t next_link;
};

ARRAY(graph_levels, struct graph_level);
ARRAY(graph_queue, const struct node *);

struct graph_writer {
	const struct aiodbg_snapshot *snap;
	const struct aiodbg_graph_options *options;
	/* A thread that the user has selected, or 0. */
	uint64_t tid;
	struct output *out;
	/* enum written, by index of the node. */
	uint8_t *written;
	struct graph_levels levels;
	struct graph_queue to_continue;
	/* NULL: all frames. */
	struct framing *framing;
	bool no_memory;
};

static void begin_line(struct graph_writer *writer, size_t level)
{
	output_fill(writer->out, ' ', level * 4);
}

static void write_frame(struct graph_writer *writer, const struct location *location, size_t level)
{
	static const char *const tags[] = {
		[AIODBG_FRAME_FUNCTION] = "",
		[AIODBG_FRAME_GENERATOR] = "generator ",
		[AIODBG_FRAME_COROUTINE] = "async ",
		[AIODBG_FRAME_ASYNC_GENERATOR] = "async generator ",
		[AIODBG_FRAME_FOREIGN] = "",
	};
	struct output *out = writer->out;
	begin_line(writer, level);
	output_text(out, "  |   File ");
	output_repr(out, location->code->filename ? location->code->filename : "?",
		    LIMIT_FILE_SHOWN);
	if (location->position.line >= 0)
		output_format(out, ", line %" PRId32 ", in ", location->position.line);
	else
		output_text(out, ", line None, in ");
	output_text(out, tags[location->code->kind]);
	output_safe(out, location->function, LIMIT_NAME_SHOWN);
	output_text(out, location->code->kind == AIODBG_FRAME_FOREIGN ? "\n" : "()\n");
}

static void write_own_frames(struct graph_writer *writer, const struct location *const *stack,
			     size_t depth, size_t level)
{
	struct shown_frames shown = {0};
	if (!framing_apply(writer->framing, stack, depth, NULL, &shown))
		writer->no_memory = true;
	for (size_t i = shown.count; i > 0; i--) {
		const struct shown_frame *one = &shown.items[i - 1];
		if (one->count == 1) {
			write_frame(writer, stack[one->first], level);
			continue;
		}
		begin_line(writer, level);
		output_text(writer->out, "  |   ");
		framing_write_run(writer->out, writer->framing, stack, one);
		output_text(writer->out, "\n");
	}
	array_deinit(&shown);
}

/* Innermost first, as a debugger writes it. */
static void write_stack(struct graph_writer *writer, const struct task *task, size_t level,
			bool is_root)
{
	size_t first, end;
	graph_call_stack(task, writer->options, is_root, &first, &end);
	if (first == end)
		return;
	begin_line(writer, level);
	output_text(writer->out, "  + Call stack:\n");
	if (writer->framing) {
		write_own_frames(writer, task->stack + first, end - first, level);
		return;
	}
	for (size_t i = first; i < end; i++)
		write_frame(writer, task->stack[i], level);
}

static bool has_awaiters(const struct graph_writer *writer, const struct node *node)
{
	const struct link *links = writer->snap->graph->links.items;
	for (size_t i = 0; i < node->link_count; i++) {
		if (graph_shows(writer->snap, &links[node->first_link + i]))
			return true;
	}
	return false;
}

static void write_title(struct graph_writer *writer, const struct node *node)
{
	struct output *out = writer->out;
	const struct task *task = node->task;
	output_text(out, task ? "* Task(" : "* Future(");
	if (task) {
		output_text(out, "name=");
		if (task->name)
			output_repr(out, task->name, LIMIT_NAME_SHOWN);
		else
			output_text(out, "None");
		output_text(out, ", ");
	}
	output_format(out, "id=0x%" PRIx64 ")", node->addr);
}

/* What is wrong with a task, which costs it frames or awaiters. */
static void write_problems(struct graph_writer *writer, const struct task *task, size_t level)
{
	for (const struct aiodbg_problem *p = task->problems; p; p = p->next) {
		begin_line(writer, level);
		output_text(writer->out, "  ! ");
		output_safe(writer->out, p->message, AIODBG_MESSAGE_MAX);
		output_text(writer->out, "\n");
	}
}

/* One node without its awaiters, which follow from its level. */
static void write_node(struct graph_writer *writer, const struct node *node)
{
	static const char *const notes[] = {
		[NOT_WRITTEN] = "\n",
		[WRITTEN] = " [see above]\n",
		[ON_THE_WAY] = " [cycle: see above]\n",
		[TO_CONTINUE] = " [see below]\n",
	};
	size_t level = writer->levels.count;
	uint8_t *written = &writer->written[node->index];
	bool is_root = level == 0;
	begin_line(writer, level);
	write_title(writer, node);
	if (!is_root && *written != NOT_WRITTEN) {
		output_text(writer->out, notes[*written]);
		return;
	}
	if (level >= LIMIT_TREE_LEVELS) {
		output_text(writer->out, " [continued below]\n");
		*written = TO_CONTINUE;
		if (!array_push(&writer->to_continue, node))
			writer->no_memory = true;
		return;
	}
	bool continued = *written == TO_CONTINUE;
	output_text(writer->out, continued ? " [continued from above]\n" : "\n");
	*written = ON_THE_WAY;
	if (node->task) {
		write_stack(writer, node->task, level, is_root && !continued);
		write_problems(writer, node->task, level);
	}
	if (has_awaiters(writer, node)) {
		begin_line(writer, level);
		output_text(writer->out, "  + Awaited by:\n");
	}
	struct graph_level entered = {.node = node};
	if (!array_push(&writer->levels, entered))
		writer->no_memory = true;
}

static void write_tree(struct graph_writer *writer, const struct node *root)
{
	const struct link *links = writer->snap->graph->links.items;
	write_node(writer, root);
	while (writer->levels.count && !writer->out->status && !writer->no_memory) {
		struct graph_level *level = &writer->levels.items[writer->levels.count - 1];
		if (level->next_link == level->node->link_count) {
			writer->written[level->node->index] = WRITTEN;
			writer->levels.count--;
			continue;
		}
		const struct link *link = &links[level->node->first_link + level->next_link++];
		if (graph_shows(writer->snap, link))
			write_node(writer, link->to);
	}
	writer->levels.count = 0;
}

static void write_root(struct graph_writer *writer, const struct node *root)
{
	size_t next = 0;
	write_tree(writer, root);
	while (next < writer->to_continue.count && !writer->out->status && !writer->no_memory)
		write_tree(writer, writer->to_continue.items[next++]);
	writer->to_continue.count = 0;
}

/* What a thread runs; NULL if that is no task, or none that is known. */
static const struct node *running_node(struct graph_writer *writer, const struct thread *thread)
{
	return thread->running_task ? graph_find(writer->snap->graph, thread->running_task) : NULL;
}

/* What the thread of a loop does that runs no task now. */
static void write_busy_loop(struct graph_writer *writer, const struct busy_loop *loop)
{
	struct output *out = writer->out;
	const struct thread *thread = &writer->snap->threads.items[loop->thread];
	output_format(out, "* Loop 0x%" PRIx64 " of thread %" PRIu64, loop->addr, thread->tid);
	output_text(out,
		    loop->in_callback ? " runs a callback, no task" : " is between two callbacks");
	if (loop->calls)
		output_format(out, ", which %scalls ", loop->calls_exactly ? "" : "probably ");
	if (loop->calls) {
		output_safe(out, loop->calls, LIMIT_NAME_SHOWN);
		output_text(out, "()");
	}
	output_text(out, "\n  + Call stack:\n");
	for (size_t i = 0; i < loop->depth; i++)
		write_frame(writer, loop->stack[i], 0);
}

/* Returns how many. */
static size_t write_busy_loops(struct graph_writer *writer)
{
	const struct aiodbg_snapshot *snap = writer->snap;
	size_t count = 0;
	for (size_t i = 0; i < snap->busy_loops.count && output_goes_on(writer->out); i++) {
		const struct busy_loop *loop = &snap->busy_loops.items[i];
		if (snap->threads.items[loop->thread].running_task)
			continue;
		if (count++)
			output_text(writer->out, "\n");
		write_busy_loop(writer, loop);
	}
	return count;
}

static void write_running(struct graph_writer *writer)
{
	const struct threads *threads = &writer->snap->threads;
	size_t count = 0;
	for (size_t i = 0; i < threads->count; i++) {
		const struct node *node = running_node(writer, &threads->items[i]);
		if (!node || writer->written[node->index] != NOT_WRITTEN || writer->no_memory)
			continue;
		if (count++)
			output_text(writer->out, "\n");
		write_root(writer, node);
	}
	if (!count && !write_busy_loops(writer))
		output_format(writer->out,
			      "No task is running in any of %zu threads; name a task to see its "
			      "call graph.\n",
			      threads->count);
}

static int write_graph(struct graph_writer *writer, uint64_t id)
{
	const struct threads *threads = &writer->snap->threads;
	const struct node *root = NULL;
	if (id) {
		root = graph_find(writer->snap->graph, id);
		if (!root)
			return AIODBG_NOT_FOUND;
	}
	for (size_t i = 0; !root && writer->tid && i < threads->count; i++) {
		if (threads->items[i].tid == writer->tid)
			root = running_node(writer, &threads->items[i]);
	}
	if (root)
		write_root(writer, root);
	else
		write_running(writer);
	return 0;
}

int render_graph(const struct view *view, struct output *out)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct aiodbg_render_options *options = view->options;
	struct graph_writer writer = {
		.framing = view->framing,
		.snap = snap,
		.options = options && options->graph ? options->graph : &graph_defaults,
		.tid = options ? options->tid : 0,
		.out = out,
		.written = calloc(snap->graph->nodes.count + 1, 1),
	};
	if (!writer.written)
		return AIODBG_NO_MEMORY;
	int status = write_graph(&writer, options && options->id ? options->id : snap->subject);
	if (!status)
		render_problems(snap, out);
	free(writer.written);
	array_deinit(&writer.levels);
	array_deinit(&writer.to_continue);
	return writer.no_memory ? AIODBG_NO_MEMORY : status;
}
