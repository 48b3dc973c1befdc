/* SPDX-License-Identifier: MIT */
/*
 * The snapshot as one JSON document, format "aiodbg-snapshot", version 1.
 *
 * Written as it comes: a million tasks are never held as a tree of values. A task
 * begins a line, and so does each of its frames: a document can be searched by line and looked
 * at, and has few of them, which is what debuggers are slow to print.
 */
#include "base/json.h"
#include "base/arena.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "base/hashtab.h"
#include "render/json_put.h"
#include "render/json_task.h"
#include "render/json_view.h"
#include "render/json_waits.h"
#include "render/render.h"
#include "render/why.h"
#include "snapshot/own.h"
#include "verdicts/verdicts.h"
#include "view/groups.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A place in the output. What follows it can be had back as long as its buffer is not emptied. */
struct mark {
	size_t used, flushes;
};

/* The text of a frame. */
struct ready {
	const struct location *location;
	const char *text;
	size_t len;
};

/* Text of the last task that the next one may have, too. */
struct repeat {
	const struct task *task;
	char *text;
	size_t len, capacity;
	/* Where it begins in the output. */
	struct mark start;
};

struct json {
	struct output *out;
	struct json_gen *gen;
	struct repeat facts, stack, awaited_by;
	/* struct ready by location; in the arena. And the bytes of their texts. */
	htab_t frames;
	uint64_t kept;
	struct arena arena;
	/* Writes reasons to memory; NULL if the snapshot has none. */
	struct output *words;
	struct known_waits *known_waits;
	/* Which frames are the program's own, if the snapshot has reasons. */
	struct own own;
	bool has_own;
	bool no_memory;
};

static hashval_t ready_hash(const void *element)
{
	return htab_hash_pointer(((const struct ready *)element)->location);
}

static int ready_equal(const void *element, const void *other)
{
	return ((const struct ready *)element)->location == ((const struct ready *)other)->location;
}

static void put_interpreter(struct json_gen *gen, const struct aiodbg_snapshot *snap, size_t index)
{
	put_key(gen, "interpreter");
	int64_t id = snapshot_interp_id(snap, index);
	if (id >= 0)
		json_integer(gen, id);
	else
		json_null(gen);
}

static void put_tid(struct json_gen *gen, const struct thread *thread)
{
	put_key(gen, "tid");
	if (thread && thread->tid)
		json_integer(gen, (int64_t)thread->tid);
	else
		json_null(gen);
}

static void put_thread(struct json *json, const struct aiodbg_snapshot *snap,
		       const struct thread *thread)
{
	struct json_gen *gen = json->gen;
	json_open_map(gen);
	put_tid(gen, thread);
	put_interpreter(gen, snap, thread->interp);
	put_key(gen, "loop");
	put_address_or_null(gen, thread->running_loop);
	put_key(gen, "running_task");
	put_address_or_null(gen, thread->running_task);
	if (snap->waits)
		json_put_thread(gen, snap, thread, json->words);
	json_close_map(gen);
}

static const char *const source_names[] = {
	[AIODBG_SOURCE_AWAITED_BY] = "awaited_by",
	[AIODBG_SOURCE_CALLBACK] = "callback",
	[AIODBG_SOURCE_AWAITED_BY | AIODBG_SOURCE_CALLBACK] = "both",
};

static struct mark mark(const struct output *out)
{
	return (struct mark){out->used, out->flushes};
}

/* What was written since then, and how long it is; NULL if that is no longer there. */
static const char *since(const struct output *out, const struct mark *start, size_t *len)
{
	*len = out->used - start->used;
	return out->flushes == start->flushes ? out->buffer + start->used : NULL;
}

/*
 * Frames are the bulk of a document. The text of each is made once for all tasks that stand
 * there, and is kept for them.
 */
static void keep_frame(struct json *json, struct ready *ready, const char *text)
{
	json->kept += ready->len;
	if (json->kept > LIMIT_FRAME_TEXTS)
		return;
	ready->text = arena_copy(&json->arena, text, ready->len);
	struct ready *copy = ready->text ? arena_copy(&json->arena, ready, sizeof(*ready)) : NULL;
	void **slot = copy ? htab_find_slot(json->frames, copy, INSERT) : NULL;
	json->no_memory |= !slot;
	if (slot)
		*slot = copy;
}

static void put_frame(struct json *json, const struct location *location)
{
	struct ready ready = {.location = location};
	const struct ready *known = htab_find(json->frames, &ready);
	if (known) {
		json_ready(json->gen, known->text, known->len);
		return;
	}
	/* Without the comma in front. */
	json_ready(json->gen, "", 0);
	struct mark start = mark(json->out);
	json_between(json->gen, "\n ");
	bool has_own = json->has_own, is_own = has_own && own_is(&json->own, location->code);
	json_put_place(json->gen, location, NULL, has_own ? &is_own : NULL, NULL);
	const char *text = since(json->out, &start, &ready.len);
	if (text)
		keep_frame(json, &ready, text);
}

void json_put_awaiter(struct json_gen *gen, const struct edge *edge)
{
	json_open_map(gen);
	put_key(gen, "id");
	put_address(gen, edge->awaiter_id);
	put_key(gen, "kind");
	put_string(gen, edge->awaiter ? "task" : "future");
	put_key(gen, "source");
	put_string(gen, source_names[edge->source]);
	if (edge->via_count) {
		put_key(gen, "via");
		json_open_array(gen);
		for (size_t i = 0; i < edge->via_count; i++)
			put_address(gen, edge->via[i]);
		json_close_array(gen);
	}
	if (!edge_waits(edge)) {
		put_key(gen, "frame");
		if (edge->frame < edge->awaiter->depth)
			json_integer(gen, (int64_t)edge->frame);
		else
			json_null(gen);
		put_key(gen, "waits");
		json_bool(gen, false);
	}
	json_close_map(gen);
}

/*
 * Tasks that follow each other have much in common: what they are, where they stand, and
 * who awaits them. The value of one key of theirs, or of several in a row, is put between
 * repeat_begin() and repeat_end(), which keep its text; for the next task repeat_put() writes
 * that again, if same() says that it fits.
 */
typedef bool same_fn(const struct task *a, const struct task *b);

static bool repeat_put(struct json *json, const struct repeat *repeat, const struct task *task,
		       same_fn *same)
{
	if (!repeat->task || !same(repeat->task, task))
		return false;
	json_ready(json->gen, repeat->text, repeat->len);
	return true;
}

static void repeat_begin(struct json *json, struct repeat *repeat)
{
	repeat->task = NULL;
	repeat->start = mark(json->out);
}

static void repeat_end(struct json *json, struct repeat *repeat, const struct task *task)
{
	size_t len;
	const char *text = since(json->out, &repeat->start, &len);
	if (!text)
		return;
	if (len > repeat->capacity) {
		repeat->text = arena_alloc(&json->arena, 2 * len);
		repeat->capacity = repeat->text ? 2 * len : 0;
	}
	json->no_memory |= !repeat->text;
	if (!repeat->text)
		return;
	memcpy(repeat->text, text, len);
	repeat->len = len;
	repeat->task = task;
}

static bool same_facts(const struct task *a, const struct task *b)
{
	return a->type == b->type && a->thread == b->thread && a->interp == b->interp &&
	       a->loop == b->loop && a->state == b->state && a->is_copy == b->is_copy &&
	       a->cancel_requests == b->cancel_requests;
}

/* The value of "type", and the keys behind it. */
static void put_facts(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		      const struct task *task)
{
	put_string(gen, task->type);
	put_tid(gen, task->thread >= 0 ? &snap->threads.items[task->thread] : NULL);
	put_interpreter(gen, snap, task->interp);
	put_key(gen, "loop");
	put_address_or_null(gen, task->loop);
	put_key(gen, "state");
	bool is_known = task->state != AIODBG_TASK_UNKNOWN;
	put_string(gen, is_known ? task_state_name(task->state) : NULL);
	if (task->is_copy) {
		put_key(gen, "copy");
		json_bool(gen, true);
	}
	put_key(gen, "cancel_requests");
	if (task->cancel_requests >= 0)
		json_integer(gen, task->cancel_requests);
	else
		json_null(gen);
}

void json_put_task_facts(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			 const struct task *task)
{
	put_key(gen, "type");
	put_facts(gen, snap, task);
}

static bool same_stack(const struct task *a, const struct task *b)
{
	return a->depth == b->depth &&
	       (!a->depth || !memcmp(a->stack, b->stack, a->depth * sizeof(*a->stack)));
}

static void put_stack(struct json *json, const struct task *task)
{
	json_open_array(json->gen);
	for (size_t i = 0; i < task->depth && !json->no_memory; i++)
		put_frame(json, task->stack[i]);
	json_close_array(json->gen);
}

static bool same_awaiters(const struct task *a, const struct task *b)
{
	if (a->awaiter_count != b->awaiter_count)
		return false;
	for (size_t i = 0; i < a->awaiter_count; i++) {
		const struct edge *x = &a->awaiters[i], *y = &b->awaiters[i];
		if (x->awaiter_id != y->awaiter_id || !x->awaiter != !y->awaiter ||
		    x->source != y->source || edge_waits(x) != edge_waits(y) ||
		    x->frame != y->frame || x->via_count != y->via_count ||
		    (x->via_count && memcmp(x->via, y->via, x->via_count * sizeof(*x->via)) != 0))
			return false;
	}
	return true;
}

static void put_awaited_by(struct json *json, const struct task *task)
{
	json_open_array(json->gen);
	for (size_t i = 0; i < task->awaiter_count; i++)
		json_put_awaiter(json->gen, &task->awaiters[i]);
	json_close_array(json->gen);
}

static void put_task(struct json *json, const struct view *view, const struct task *task)
{
	const struct aiodbg_snapshot *snap = view->snap;
	struct json_gen *gen = json->gen;
	json_open_map(gen);
	put_key(gen, "id");
	put_address(gen, task->id);
	put_key(gen, "name");
	put_string(gen, task->name);
	if (task->request) {
		put_key(gen, "request");
		put_string(gen, task->request);
	}
	put_key(gen, "type");
	if (!repeat_put(json, &json->facts, task, same_facts)) {
		repeat_begin(json, &json->facts);
		put_facts(gen, snap, task);
		repeat_end(json, &json->facts, task);
	}
	put_key(gen, "stack");
	if (!repeat_put(json, &json->stack, task, same_stack)) {
		repeat_begin(json, &json->stack);
		put_stack(json, task);
		repeat_end(json, &json->stack, task);
	}
	put_key(gen, "awaited_by");
	if (!repeat_put(json, &json->awaited_by, task, same_awaiters)) {
		repeat_begin(json, &json->awaited_by);
		put_awaited_by(json, task);
		repeat_end(json, &json->awaited_by, task);
	}
	if (snap->waits)
		json_put_wait(gen, snap, task, json->known_waits, json->words);
	if (view->groups)
		json_put_group_of(gen, view, task);
	if (snap->has_finished) {
		put_key(gen, "result");
		put_string(gen, task->result);
		put_key(gen, "exception");
		put_string(gen, task->exception);
	}
	put_key(gen, "errors");
	put_problems(gen, task->problems);
	json_close_map(gen);
}

static void put_cycle(struct json_gen *gen, const struct cycle *cycle)
{
	json_open_array(gen);
	for (size_t i = 0; i < cycle->count; i++)
		put_address(gen, cycle->tasks[i]->id);
	json_close_array(gen);
}

/* What is around values of the outermost object. */
static void put_text(struct json *json, const char *text)
{
	json_between(json->gen, text);
}

/* In front of the element of an outermost array that has this index: each begins a line. */
static void begin_element(struct json *json, size_t index)
{
	put_text(json, index ? ",\n" : "\n");
}

/* What only a snapshot that was asked for waits has. */
static void put_waits(struct json *json, const struct view *view)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct waits *waits = snap->waits;
	size_t count = 0;
	put_text(json, ",\n\"loops\":[");
	for (size_t i = 0; i < waits->loops.count; i++) {
		begin_element(json, i);
		json_put_loop(json->gen, snap, &waits->loops.items[i]);
	}
	put_text(json, "],\n\"objects\":[");
	for (size_t i = 0; i < waits->primitives.count; i++) {
		const struct primitive *object = waits->primitives.items[i];
		if (!object->waiter_count && !object->holders.count)
			continue;
		begin_element(json, count++);
		json_put_object(json->gen, snap, object);
	}
	put_text(json, "]");
	if (!snap->verdicts)
		return;
	put_text(json, ",\n\"verdicts\":[");
	count = 0;
	for (size_t i = 0; i < snap->verdicts->list.count; i++) {
		const struct verdict *verdict = view_verdict(view, i);
		if (!why_shows(view, verdict))
			continue;
		begin_element(json, count++);
		json_put_verdict(json->gen, snap, verdict, json->words);
	}
	put_text(json, "]");
}

static void put_snapshot(struct json *json, const struct view *view)
{
	const struct aiodbg_snapshot *snap = view->snap;
	struct json_gen *gen = json->gen;
	put_text(json, "{\"format\":\"aiodbg-snapshot\",\"version\":1,\n\"python\":");
	put_python(gen, snap);
	put_text(json, ",\n\"target\":");
	put_target(gen, snap);
	if (view->selection) {
		put_text(json, ",\n\"view\":");
		json_put_view(gen, view->selection->query);
		put_text(json, ",\n\"left_out\":");
		json_put_left_out(gen, view->selection->filtered, view->selection->cut);
	}
	put_text(json, ",\n\"threads\":[");
	for (size_t i = 0; i < snap->threads.count; i++) {
		begin_element(json, i);
		put_thread(json, snap, &snap->threads.items[i]);
	}
	put_text(json, "],\n\"tasks\":[");
	size_t count = view_count(view);
	for (size_t i = 0; i < count && !json->out->status && !json->no_memory; i++) {
		begin_element(json, i);
		put_task(json, view, view_task(view, i));
	}
	put_text(json, "],\n\"cycles\":[");
	for (size_t i = 0; i < snap->cycles.count; i++) {
		begin_element(json, i);
		put_cycle(gen, &snap->cycles.items[i]);
	}
	put_text(json, "]");
	if (view->groups) {
		put_text(json, ",\n\"groups\":[");
		for (size_t i = 0; i < view->groups->list.count; i++) {
			begin_element(json, i);
			json_put_group(gen, view, i, json->words);
		}
		put_text(json, "]");
	}
	if (snap->waits)
		put_waits(json, view);
	put_text(json, ",\n\"complete\":");
	json_bool(gen, snapshot_is_complete(snap));
	put_text(json, ",\n\"errors\":");
	put_problems(gen, snap->problems);
	put_text(json, "}\n");
}

int render_json(const struct view *view, struct output *out)
{
	struct json_gen gen = {.out = out};
	struct json json = {.out = out, .gen = &gen};
	json.frames = htab_create_alloc(256, ready_hash, ready_equal, NULL, calloc, free);
	json.has_own = view->snap->waits != NULL;
	own_of_snapshot(&json.own, view->snap, false);
	bool has_words = view->snap->waits || view->groups;
	json.words = has_words ? malloc(sizeof(*json.words)) : NULL;
	json.known_waits = has_words ? calloc(1, sizeof(*json.known_waits)) : NULL;
	bool ready = arena_init(&json.arena) && json.frames &&
		     ((json.words && json.known_waits) || !has_words);
	if (ready)
		put_snapshot(&json, view);
	free(json.words);
	free(json.known_waits);
	own_deinit(&json.own);
	if (json.frames)
		htab_delete(json.frames);
	arena_deinit(&json.arena);
	return ready && !json.no_memory ? 0 : AIODBG_NO_MEMORY;
}
