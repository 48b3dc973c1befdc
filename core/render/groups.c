/* SPDX-License-Identifier: MIT */
/* ps --group: a row for each group of tasks. */
#include "view/groups.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "base/text.h"
#include "render/party.h"
#include "render/place.h"
#include "render/reason.h"
#include "render/render.h"
#include "view/chains.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of lines of their own. */
#define NARROW_INDENT 8

struct group_writer {
	const struct view *view;
	const struct aiodbg_snapshot *snap;
	struct output *out;
	struct draft *draft;
	/* Of the columns that the texts of groups are in. */
	size_t state_width, text_width;
	/* Rows would be wider than the terminal: what comes last is on a line of its own. */
	bool is_narrow;
	/* Columns of that line; 0: any number. */
	size_t room;
	bool no_memory;
};

/* ---- what it waits for ---- */

static const char *verb_of(const struct wait *wait)
{
	static const struct {
		int kind;
		const char *verb;
	} verbs[] = {
		{WAIT_READ, "reads"},	    {WAIT_WRITE, "writes"}, {WAIT_ACCEPT, "accepts"},
		{WAIT_CONNECT, "connects"}, {WAIT_SERVE, "serves"}, {WAIT_TIMER, "sleeps"},
	};
	if (wait->kind == WAIT_READY)
		return wait->not_started ? "ready, not started" : "ready";
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (verbs[i].kind == (int)wait->kind)
			return verbs[i].verb;
	}
	return NULL;
}

static void write_peer(struct output *out, const struct wait *wait, size_t len)
{
	char peer[LIMIT_NAME_SHOWN];
	if (!wait->peer || !len || len >= sizeof(peer))
		return;
	memcpy(peer, wait->peer, len);
	peer[len] = '\0';
	output_text(out, wait->kind == WAIT_READ ? " from " : " to ");
	output_safe(out, peer, sizeof(peer));
}

/* What all of a group have in common: no places, times or files. */
static void write_common(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct view_group *group)
{
	const struct task *task = group->first;
	const struct primitive *shared = chains_shared(snap, task);
	const struct wait *wait = &snap->waits->of_tasks[task->index];
	if (task->state != AIODBG_TASK_PENDING) {
		reason_write_task(out, snap, task);
		return;
	}
	const char *verb = verb_of(wait);
	if (shared && shared->kind == PRIMITIVE_CONTAINER && shared->expression) {
		output_text(out, "future in ");
		reason_write_expression(out, shared, REASON_ALL);
	} else if (shared) {
		reason_write_object(out, shared);
	} else if (verb) {
		output_text(out, verb);
		write_peer(out, wait, group->peer_len);
	} else if (wait->object && wait->object->type) {
		output_safe(out, wait->object->type, LIMIT_C_STRING);
	} else {
		output_text(out, wait_kind_name(wait->kind));
	}
	if (wait->kind == WAIT_QUEUE_GET)
		output_text(out, shared || wait->object ? " get" : "");
	else if (wait->kind == WAIT_QUEUE_PUT)
		output_text(out, shared || wait->object ? " put" : "");
}

/* ---- chains ---- */

ARRAY(chain_places, const struct location *);

struct chain_text {
	struct group_writer *writer;
	struct chain_places places;
};

static void visit_place(const struct location *location, void *arg)
{
	struct chain_text *text = arg;
	if (!array_push(&text->places, location))
		text->writer->no_memory = true;
}

static size_t function_width(const struct group_writer *writer, const struct location *location)
{
	return output_safe_width(writer->out, place_function(location->function), LIMIT_NAME_SHOWN);
}

/* The first function, and of the others the last ones that there is room for: returns where these begin. */
static size_t begin_of_rest(const struct group_writer *writer, const struct chain_places *places,
			    size_t room)
{
	static const size_t between = sizeof(" > ") - 1, left_out = sizeof(" > ...") - 1;
	size_t width = function_width(writer, places->items[0]), total = width, i = 1;
	for (; i < places->count; i++)
		total += between + function_width(writer, places->items[i]);
	if (!room || total <= room)
		return 1;
	total = width + left_out;
	for (i = places->count; i > 1; i--) {
		total += between + function_width(writer, places->items[i - 1]);
		/* The last one stays. */
		if (total > room && i < places->count)
			break;
	}
	return i;
}

/* In a line that would be too wide some are left out. */
static void write_places(struct group_writer *writer, const struct chain_places *places,
			 size_t room)
{
	struct output *out = writer->out;
	size_t rest = begin_of_rest(writer, places, room);
	for (size_t i = 0; i < places->count && i < LIMIT_ROW_FRAMES; i++) {
		if (i == 1 && rest > 1) {
			output_text(out, " > ...");
			i = rest;
		}
		if (i)
			output_text(out, " > ");
		output_safe_as(out, AIODBG_ROLE_FUNCTION,
			       place_function(places->items[i]->function), LIMIT_NAME_SHOWN);
	}
}

static bool is_own_task(const struct group_writer *writer, const struct task *task)
{
	for (size_t i = 0; i < task->depth; i++) {
		if (own_is(&writer->view->framing->own, task->stack[i]->code))
			return true;
	}
	return chains_thread(writer->snap, task) >= 0;
}

ARRAY(chain_links_up, const struct task *);

static void write_chain_text(struct group_writer *writer, const char *request,
			     const struct chain_places *places)
{
	struct output *out = writer->out;
	const struct location *last = places->count ? places->items[places->count - 1] : NULL;
	const char *path = last && !last->code->is_compiled
				   ? framing_path(writer->view->framing, last->code)
				   : NULL;
	/* The file, and ":1234". */
	size_t taken = path ? output_safe_width(out, path, LIMIT_FILE_SHOWN) + sizeof(" :1234") : 0;
	if (request) {
		output_safe(out, request, LIMIT_NAME_SHOWN);
		output_text(out, "  ");
		taken += output_safe_width(out, request, LIMIT_NAME_SHOWN) + 2;
	}
	if (!last)
		return;
	write_places(writer, places, taken < writer->room ? writer->room - taken : !!writer->room);
	if (last->code->is_compiled)
		return;
	output_text(out, " ");
	output_place(out, path, last->position.line);
}

/* From the root to the task: "GET /orders/7  dispatch > read_order > load_prices", and where that is. */
static void write_chain(struct group_writer *writer, const struct task *task)
{
	struct chain_links_up path = {0};
	struct chain_text text = {.writer = writer};
	const char *request = NULL;
	for (const struct task *one = task; one; one = chains_parent(one)) {
		/* Round in a circle. */
		if (path.count && (one == task || one == path.items[path.count / 2]))
			break;
		if (!array_push(&path, one))
			writer->no_memory = true;
		request = one->request ? one->request : request;
		if (writer->no_memory || path.count == LIMIT_ROW_FRAMES)
			break;
	}
	while (path.count) {
		const struct task *one = path.items[--path.count];
		/* Between own frames those of a library say nothing. */
		if (one == task || is_own_task(writer, one))
			chains_visit(writer->view->framing, writer->snap, one, visit_place, &text);
	}
	array_deinit(&path);
	if (!writer->no_memory)
		write_chain_text(writer, request, &text.places);
	array_deinit(&text.places);
}

/* ---- rows ---- */

/* The text that a group is known by, in a draft. */
static void draft_text(struct group_writer *writer, const struct view_group *group)
{
	const struct view_groups *groups = writer->view->groups;
	draft_begin(writer->draft, writer->out);
	if (groups->key)
		view_groups_write(writer->view, groups, group->first, &writer->draft->words);
	else
		write_common(&writer->draft->words, writer->snap, group);
	if (!writer->draft->words.used)
		output_text(&writer->draft->words, "-");
}

static void measure(struct group_writer *writer)
{
	const struct view_groups *groups = writer->view->groups;
	writer->state_width = strlen("state");
	writer->text_width = strlen(groups->key ? groups->key->name : "waits for");
	if (groups->key)
		writer->text_width += strlen(groups->variable);
	for (size_t i = 0; i < groups->list.count && output_goes_on(writer->out); i++) {
		const struct view_group *group = &groups->list.items[i];
		size_t state = strlen(view_state(writer->snap, group->first));
		draft_text(writer, group);
		size_t width = draft_width(writer->draft);
		width = width < LIMIT_COLUMN ? width : LIMIT_COLUMN;
		writer->text_width = width > writer->text_width ? width : writer->text_width;
		writer->state_width = state > writer->state_width ? state : writer->state_width;
	}
}

static void fill(struct group_writer *writer, size_t used, size_t width)
{
	output_fill(writer->out, ' ', (used < width ? width - used : 0) + 2);
}

/* What is in the last column. */
static void write_last(struct group_writer *writer, const struct task *task)
{
	if (writer->view->groups->key)
		task_write_name(writer->out, task, false);
	else
		write_chain(writer, task);
}

static void write_row(struct group_writer *writer, const struct view_group *group)
{
	struct output *out = writer->out;
	const struct task *task = group->first;
	const char *state = view_state(writer->snap, task);
	bool by_key = writer->view->groups->key != NULL;
	char id[TEXT_NUMBER_MAX];
	output_format(out, "%6zu  ", group->count);
	if (!by_key) {
		output_text(out, state);
		fill(writer, strlen(state), writer->state_width);
	}
	output_id(out, task->id);
	fill(writer, text_hex(task->id, id), 16);
	draft_text(writer, group);
	size_t before = 6 + 2 + 16 + 2 + (by_key ? 0 : writer->state_width + 2);
	if (writer->is_narrow && before + draft_width(writer->draft) > out->sink->width)
		output_text(out, "\n        ");
	output_bytes(out, writer->draft->words.buffer, writer->draft->words.used);
	if (writer->is_narrow)
		output_text(out, "\n        ");
	else
		fill(writer, draft_width(writer->draft), writer->text_width);
	write_last(writer, task);
	output_text(out, "\n");
}

/* The widest row decides for all of them. */
static void measure_rows(struct group_writer *writer)
{
	const struct view_groups *groups = writer->view->groups;
	struct output *out = writer->out;
	/* count, id, and blanks after each column. */
	size_t before = 6 + 2 + 16 + 2 + writer->text_width + 2;
	if (!groups->key)
		before += writer->state_width + 2;
	for (size_t i = 0; out->sink->width && !writer->is_narrow && i < groups->list.count; i++) {
		draft_begin(writer->draft, out);
		writer->out = &writer->draft->words;
		write_last(writer, groups->list.items[i].first);
		writer->out = out;
		writer->is_narrow = before + draft_width(writer->draft) > out->sink->width;
	}
	if (writer->is_narrow && out->sink->width > NARROW_INDENT)
		writer->room = out->sink->width - NARROW_INDENT;
}

static void write_header(struct group_writer *writer)
{
	struct output *out = writer->out;
	const struct view_key *key = writer->view->groups->key;
	const char *text = key ? key->name : "waits for";
	output_role(out, AIODBG_ROLE_HEADING);
	output_text(out, " count  ");
	if (!key) {
		output_text(out, "state");
		fill(writer, strlen("state"), writer->state_width);
	}
	output_text(out, "task id           ");
	const char *variable = key ? writer->view->groups->variable : "";
	output_text(out, text);
	output_safe(out, variable, VIEW_VARIABLE_MAX);
	if (writer->is_narrow)
		output_text(out, "\n        ");
	else
		fill(writer, strlen(text) + strlen(variable), writer->text_width);
	output_text(out, key ? "first task" : "request, own functions");
	output_plain(out);
	output_text(out, "\n");
}

static void write_total(struct group_writer *writer)
{
	const struct view_groups *groups = writer->view->groups;
	size_t tasks = groups->cut_tasks;
	for (size_t i = 0; i < groups->list.count; i++)
		tasks += groups->list.items[i].count;
	output_format(writer->out, "%6zu  task%s in %zu group%s", tasks, tasks == 1 ? "" : "s",
		      groups->group_count, groups->group_count == 1 ? "" : "s");
	if (groups->cut_groups)
		output_format(writer->out,
			      "; left out %zu group%s of %zu task%s: --top 0 shows them",
			      groups->cut_groups, groups->cut_groups == 1 ? "" : "s",
			      groups->cut_tasks, groups->cut_tasks == 1 ? "" : "s");
	output_text(writer->out, "\n");
}

int render_groups(const struct view *view, struct output *out)
{
	struct group_writer writer = {
		.view = view,
		.snap = view->snap,
		.out = out,
		.draft = malloc(sizeof(*writer.draft)),
	};
	if (!writer.draft)
		return AIODBG_NO_MEMORY;
	measure(&writer);
	measure_rows(&writer);
	write_header(&writer);
	for (size_t i = 0; i < view->groups->list.count && output_goes_on(out); i++)
		write_row(&writer, &view->groups->list.items[i]);
	write_total(&writer);
	free(writer.draft);
	return writer.no_memory ? AIODBG_NO_MEMORY : 0;
}
