/* SPDX-License-Identifier: MIT */
/*
 * The tree of "pstree": tasks under the innermost frame of the task that awaits them.
 *
 * Each task is drawn in full once, later as one line that refers to it, so that there are
 * never more lines than tasks, frames and edges. The walk keeps its own stack, so depth
 * costs no recursion; a task too deep for any screen is drawn at the left again.
 */
#include "base/array.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "render/reason.h"
#include "render/render.h"
#include "view/framing.h"

#include <inttypes.h>
#include <string.h>

/* What a level of the tree looks like. All have four columns. */
struct charset {
	const char *child, *last_child, *line, *blank, *arrow;
};

static const struct charset unicode = {"├── ", "└── ", "│   ", "    ", " → "};
static const struct charset ascii = {"|-- ", "`-- ", "|   ", "    ", " -> "};

enum drawn {
	NOT_DRAWN,
	DRAWN,
	/* Its line is there, the rest follows further down. */
	TO_CONTINUE,
};

struct level {
	/* What a task awaits and has started, and those of them which are drawn here. */
	struct edge *const *edges;
	size_t next_child, end;
	/* Levels of the prefix above the children. */
	size_t indent;
};

ARRAY(levels, struct level);
ARRAY(task_queue, const struct task *);

/* The longest way to write a level of the prefix: "│   ". */
#define LEVEL_BYTES 6

/* The line of a frame behind its branch, as it was written last. Tasks stand at the same few
 * places, and a place can have two lines of this only if their addresses collide. */
struct frame_line {
	const struct location *location;
	size_t len;
	char text[256];
};
#define FRAME_LINES 64

struct tree {
	const struct view *view;
	const struct aiodbg_snapshot *snap;
	struct output *out;
	const struct charset *charset;
	/* enum drawn, by index of the task. */
	uint8_t *drawn;
	struct levels levels;
	/* The prefix of a line, and where each level of it ends. */
	char prefix[LIMIT_TREE_LEVELS * LEVEL_BYTES];
	size_t prefix_end[LIMIT_TREE_LEVELS + 1];
	size_t indent;
	struct frame_line frame_lines[FRAME_LINES];
	struct task_queue to_continue;
	/* Room for the frames of one task. */
	struct shown_frames shown;
	bool no_memory;
};

/* Starts a line: the prefix and its branch. The children come one level further in. */
static void begin_line(struct tree *tree, bool last)
{
	const struct charset *charset = tree->charset;
	output_bytes(tree->out, tree->prefix, tree->prefix_end[tree->indent]);
	output_text(tree->out, last ? charset->last_child : charset->child);
}

static void indent(struct tree *tree, bool last)
{
	if (tree->indent == LIMIT_TREE_LEVELS)
		return;
	const char *level = last ? tree->charset->blank : tree->charset->line;
	size_t end = tree->prefix_end[tree->indent], len = strlen(level);
	memcpy(tree->prefix + end, level, len);
	tree->prefix_end[++tree->indent] = end + len;
}

static void write_called(struct tree *tree, const struct task *task)
{
	task_write_name(tree->out, task, false);
	if (task->has_namesake) {
		output_text(tree->out, " ");
		output_id(tree->out, task->id);
	}
}

static void write_name(struct tree *tree, const struct task *task)
{
	output_text(tree->out, "(T) ");
	write_called(tree, task);
}

static void write_state(struct tree *tree, const struct task *task)
{
	if (task->state != AIODBG_TASK_PENDING)
		output_format(tree->out, " [%s]", task_state_name(task->state));
	if (task->state == AIODBG_TASK_PENDING && task->cancel_requests > 0)
		output_text(tree->out, " [cancelling]");
	if (task->is_copy)
		output_text(tree->out, " [copied by fork]");
	if (task->result || task->exception) {
		output_text(tree->out, "    <- ");
		reason_write_task(tree->out, tree->snap, task);
	}
	if (!task->problems)
		return;
	if (!task->has_namesake) {
		output_text(tree->out, " ");
		output_id(tree->out, task->id);
	}
	output_text(tree->out, ": ");
	output_safe(tree->out, task->problems->message, AIODBG_MESSAGE_MAX);
}

static void write_new_frame(struct tree *tree, const struct location *location)
{
	struct output *out = tree->out;
	output_safe_as(out, AIODBG_ROLE_FUNCTION, location->function, LIMIT_NAME_SHOWN);
	if (!location->code->is_compiled) {
		output_text(out, " ");
		output_place(out, location->code->filename, location->position.line);
	} else if (location->position.line >= 0) {
		output_format(out, ":%" PRId32, location->position.line);
	}
}

static void write_frame(struct tree *tree, const struct location *location)
{
	struct output *out = tree->out;
	struct frame_line *line =
		&tree->frame_lines[(uintptr_t)location / sizeof(*location) % FRAME_LINES];
	if (line->location == location) {
		output_bytes(out, line->text, line->len);
		return;
	}
	size_t start = out->used, flushes = out->flushes;
	write_new_frame(tree, location);
	/* It is there as a whole only if the buffer was not handed on in the middle of it. */
	if (out->flushes != flushes || out->used - start > sizeof(line->text))
		return;
	line->location = location;
	line->len = out->used - start;
	memcpy(line->text, out->buffer + start, line->len);
}

/* Why a task does not go on, where that is not drawn below it. */
static void write_reason(struct tree *tree, const struct task *task)
{
	const struct waits *waits = tree->snap->waits;
	struct edge **edges;
	if (!waits ||
	    (view_awaited(tree->view, task, &edges) && waits->of_tasks[task->index].for_tasks))
		return;
	output_text(tree->out, "    <- ");
	reason_write_task(tree->out, tree->snap, task);
}

/* Where it hangs nobody waits for it. */
static void write_mark(struct tree *tree, const struct edge *parent)
{
	if (parent && !edge_waits(parent))
		output_text(tree->out, " [started here]");
}

/* A task that is drawn elsewhere. */
static void write_reference(struct tree *tree, const struct task *task, const struct edge *parent)
{
	write_name(tree, task);
	write_mark(tree, parent);
	if (task->knot && edge_waits(parent) && task->knot == parent->awaiter->knot)
		output_text(tree->out, " [cycle: see above]\n");
	else if (tree->drawn[task->index] == TO_CONTINUE)
		output_text(tree->out, " [see below]\n");
	else
		output_text(tree->out, " [see above]\n");
}

static void push_level(struct tree *tree, struct edge *const *edges, size_t first, size_t end)
{
	struct level level = {edges, first, end, tree->indent};
	if (!array_push(&tree->levels, level))
		tree->no_memory = true;
}

/* What a task awaits, and has started: those that are not yet drawn. */
struct hanging {
	const struct task *task;
	struct edge **edges;
	size_t end;
};

/*
 * A frame of a task, or a run of them, under the one that awaits it. What the task has started follows
 * below the frame that is in the group, once all that is further in is drawn.
 */
static void write_level(struct tree *tree, struct hanging *hanging, const struct shown_frame *shown)
{
	const struct task *task = hanging->task;
	struct edge **edges = hanging->edges;
	size_t first = hanging->end;
	while (first && !edge_waits(edges[first - 1]) &&
	       edges[first - 1]->frame == shown->first + 1)
		first--;
	if (first < hanging->end)
		push_level(tree, edges, first, hanging->end);
	begin_line(tree, first == hanging->end);
	if (shown->count == 1)
		write_frame(tree, task->stack[shown->first]);
	else
		framing_write_run(tree->out, tree->view->framing, task->stack, shown);
	if (!shown->first)
		write_reason(tree, task);
	output_text(tree->out, "\n");
	indent(tree, first == hanging->end);
	hanging->end = first;
}

static void write_frames(struct tree *tree, const struct task *task)
{
	struct hanging hanging = {.task = task};
	struct framing *framing = tree->view->framing;
	hanging.end = view_awaited(tree->view, task, &hanging.edges);
	if (framing && !framing_apply(framing, task->stack, task->depth, task, &tree->shown))
		tree->no_memory = true;
	size_t count = framing ? tree->shown.count : task->depth;
	for (size_t i = 0; i < count; i++) {
		const struct shown_frame plain = {task->depth - 1 - i, 1};
		write_level(tree, &hanging, framing ? &tree->shown.items[i] : &plain);
	}
	push_level(tree, hanging.edges, 0, hanging.end);
}

/* A task and its frames; its children follow from its level. */
static void write_task(struct tree *tree, const struct task *task, const struct edge *parent,
		       bool last)
{
	begin_line(tree, last);
	if (parent && tree->drawn[task->index] != NOT_DRAWN) {
		write_reference(tree, task, parent);
		return;
	}
	bool continued = tree->drawn[task->index] == TO_CONTINUE;
	write_name(tree, task);
	write_state(tree, task);
	write_mark(tree, parent);
	if (parent && tree->indent >= LIMIT_TREE_LEVELS && (task->depth || task->awaited_count)) {
		output_text(tree->out, " [continued below]\n");
		tree->drawn[task->index] = TO_CONTINUE;
		if (!array_push(&tree->to_continue, task))
			tree->no_memory = true;
		return;
	}
	if (continued)
		output_text(tree->out, " [continued from above]");
	if (!task->depth)
		write_reason(tree, task);
	output_text(tree->out, "\n");
	tree->drawn[task->index] = DRAWN;
	indent(tree, last);
	write_frames(tree, task);
}

static void write_root(struct tree *tree, const struct task *root)
{
	tree->indent = 0;
	write_task(tree, root, NULL, true);
	while (tree->levels.count && !tree->out->status && !tree->no_memory) {
		struct level *level = &tree->levels.items[tree->levels.count - 1];
		tree->indent = level->indent;
		if (level->next_child == level->end) {
			tree->levels.count--;
			continue;
		}
		const struct edge *edge = level->edges[level->next_child++];
		write_task(tree, edge->task, edge, level->next_child == level->end);
	}
}

static void write_tree(struct tree *tree, const struct task *root)
{
	size_t next = 0;
	write_root(tree, root);
	while (next < tree->to_continue.count && !tree->out->status && !tree->no_memory)
		write_root(tree, tree->to_continue.items[next++]);
	tree->to_continue.count = 0;
}

static bool is_root(const struct task *task)
{
	for (size_t i = 0; i < task->awaiter_count; i++) {
		if (task->awaiters[i].awaiter)
			return false;
	}
	return true;
}

/* Everything hangs under a task that nobody awaits, or under one in a knot, or in a circle that
 * only a task which was started somewhere closes. */
static void write_all(struct tree *tree)
{
	size_t count = view_count(tree->view);
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < count && output_goes_on(tree->out) && !tree->no_memory;
		     i++) {
			const struct task *task = view_task(tree->view, i);
			bool wanted = pass == 2 || (pass ? task->knot != 0 : is_root(task));
			if (wanted && tree->drawn[task->index] == NOT_DRAWN)
				write_tree(tree, task);
		}
	}
}

static void write_cycles(struct tree *tree)
{
	const struct cycles *cycles = &tree->snap->cycles;
	size_t count = 0;
	for (size_t i = 0; i < cycles->count && output_goes_on(tree->out); i++) {
		const struct cycle *cycle = &cycles->items[i];
		if (!view_shows(tree->view, cycle->tasks[0]))
			continue;
		if (!count++)
			output_text(tree->out, "\n");
		output_text(tree->out, cycle->deadlock ? "Deadlock: " : "Cycle: ");
		for (size_t k = 0; k <= cycle->count; k++) {
			if (k)
				output_text(tree->out, tree->charset->arrow);
			write_called(tree, cycle->tasks[k % cycle->count]);
		}
		output_text(tree->out, "\n");
	}
}

int render_tree(const struct view *view, struct output *out)
{
	const struct aiodbg_snapshot *snap = view->snap;
	struct tree tree = {
		.view = view,
		.snap = snap,
		.out = out,
		.charset = out->sink->unicode ? &unicode : &ascii,
		.drawn = calloc(snap->tasks.count + 1, 1),
	};
	if (!tree.drawn)
		return AIODBG_NO_MEMORY;
	if (!snap->tasks.count)
		render_empty(snap, out);
	int status = 0;
	if (view->compact)
		status = render_compact(view, out);
	else
		write_all(&tree);
	write_cycles(&tree);
	render_stopped(snap, out);
	render_problems(snap, out);
	render_not_polled(snap, out);
	render_left_out(view, out);
	free(tree.drawn);
	array_deinit(&tree.levels);
	array_deinit(&tree.to_continue);
	array_deinit(&tree.shown);
	return tree.no_memory ? AIODBG_NO_MEMORY : status;
}
