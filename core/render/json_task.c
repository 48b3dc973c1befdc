/* SPDX-License-Identifier: MIT */
/* All that is known of one task as a JSON document of its own, format "aiodbg-task", version 1. */
#include "render/json_task.h"
#include "base/error.h"
#include "render/json_document.h"
#include "render/json_put.h"
#include "render/json_waits.h"
#include "snapshot/detail.h"

static void put_stack(struct json_document *document, const struct task_detail *detail)
{
	const struct task *task = detail->task;
	put_key(document->gen, "stack");
	json_open_array(document->gen);
	for (size_t i = 0; i < task->depth && output_goes_on(document->out); i++)
		json_put_place(document->gen, task->stack[i],
			       detail->source ? &detail->source[i] : NULL, NULL,
			       detail->locals ? &detail->locals[i] : NULL);
	json_close_array(document->gen);
}

static void put_awaited_by(struct json_gen *gen, const struct task *task)
{
	put_key(gen, "awaited_by");
	json_open_array(gen);
	for (size_t i = 0; i < task->awaiter_count; i++)
		json_put_awaiter(gen, &task->awaiters[i]);
	json_close_array(gen);
}

/* Of a task that is in no list nothing is known but itself. */
static void put_waits(struct json_document *document, const struct aiodbg_snapshot *snap,
		      const struct task *task)
{
	const struct tasks *tasks = &snap->tasks;
	struct known_waits known = {.items[0].object = NULL};
	if (snap->waits && task->index < tasks->count && tasks->items[task->index] == task) {
		json_put_wait(document->gen, snap, task, &known, document->words);
		return;
	}
	put_key(document->gen, "waits_for");
	json_null(document->gen);
	put_key(document->gen, "ready");
	json_null(document->gen);
	put_key(document->gen, "holds");
	json_open_array(document->gen);
	json_close_array(document->gen);
}

static void put_context(struct json_gen *gen, const struct task_detail *detail)
{
	put_key(gen, "context");
	json_open_array(gen);
	for (size_t i = 0; i < detail->context.count; i++) {
		json_open_map(gen);
		put_key(gen, "name");
		put_string(gen, detail->context.items[i].name);
		put_key(gen, "value");
		put_string(gen, detail->context.items[i].value);
		json_close_map(gen);
	}
	json_close_array(gen);
}

static void put_created(struct json_gen *gen, const struct task_detail *detail)
{
	put_key(gen, "created");
	json_open_array(gen);
	for (size_t i = 0; i < detail->created.count; i++) {
		const struct source_place *place = &detail->created.items[i];
		json_open_map(gen);
		put_key(gen, "function");
		put_string(gen, place->function);
		put_key(gen, "file");
		put_string(gen, place->file);
		put_key(gen, "line");
		put_integer_or_null(gen, place->line);
		put_key(gen, "source");
		put_string(gen, place->text);
		json_close_map(gen);
	}
	json_close_array(gen);
}

static void put_problems_of(struct json_gen *gen, const char *key,
			    const struct aiodbg_problem *problems)
{
	put_key(gen, key);
	put_problems(gen, problems);
}

static void put_task(struct json_document *document, const struct view *view)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct task_detail *detail = snap->detail;
	const struct task *task = detail->task;
	struct json_gen *gen = document->gen;
	json_document_text(document, "\"task\":");
	json_open_map(gen);
	put_key(gen, "id");
	put_address(gen, task->id);
	put_key(gen, "name");
	put_string(gen, task->name);
	if (task->request) {
		put_key(gen, "request");
		put_string(gen, task->request);
	}
	json_put_task_facts(gen, snap, task);
	put_stack(document, detail);
	put_awaited_by(gen, task);
	put_waits(document, snap, task);
	put_key(gen, "loop_type");
	put_string(gen, detail->loop_type);
	put_key(gen, "must_cancel");
	json_bool(gen, detail->must_cancel);
	put_key(gen, "cancel_message");
	put_string(gen, detail->cancel_message);
	put_key(gen, "result");
	put_string(gen, detail->result);
	put_key(gen, "exception");
	put_string(gen, detail->exception);
	put_context(gen, detail);
	put_created(gen, detail);
	put_problems_of(gen, "errors", task->problems);
	put_problems_of(gen, "detail_errors", detail->problems);
	json_close_map(gen);
	json_document_text(document, ",\n");
}

int render_task_json(const struct view *view, struct output *out)
{
	return json_document_write(view, out, "aiodbg-task", put_task);
}
