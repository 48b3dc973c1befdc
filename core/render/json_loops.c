/* SPDX-License-Identifier: MIT */
/* Event loops as a JSON document of their own, format "aiodbg-loops", version 1. */
#include "render/json_document.h"
#include "render/json_put.h"
#include "render/json_waits.h"
#include "render/loops.h"
#include "render/render.h"

static void put_task(struct json_gen *gen, const struct task *task)
{
	put_key(gen, "task");
	put_address_or_null(gen, task ? task->id : 0);
}

static void put_when(struct json_gen *gen, const struct waits *waits, const char *key, double when,
		     bool known)
{
	put_key(gen, key);
	put_seconds(gen, when - waits->now, known && waits->has_now && !waits->now_is_least);
	put_key(gen, "due_at");
	put_seconds(gen, when, known);
}

static void put_entry(struct json_gen *gen, const struct waits *waits,
		      const struct loop_entry *entry, bool is_timer)
{
	const struct code *code = entry->code;
	json_open_map(gen);
	put_key(gen, "handle");
	put_address_or_null(gen, entry->handle);
	put_key(gen, "kind");
	put_string(gen, loop_entry_name(entry->kind) ? loop_entry_name(entry->kind) : "callback");
	put_task(gen, entry->task);
	put_key(gen, "function");
	put_string(gen, entry->function);
	put_key(gen, "file");
	put_string(gen, code ? code->filename : NULL);
	put_position(gen, "line", code ? code->firstlineno : -1);
	put_key(gen, "cancelled");
	json_bool(gen, entry->is_cancelled);
	if (is_timer)
		put_when(gen, waits, "due", entry->when, entry->has_when);
	json_close_map(gen);
}

static void put_entries(struct json_document *document, const struct waits *waits,
			const struct loop_entries *entries, bool are_timers)
{
	json_open_array(document->gen);
	for (size_t i = 0; i < entries->count && output_goes_on(document->out); i++) {
		put_entry(document->gen, waits, &entries->items[i], are_timers);
	}
	json_close_array(document->gen);
}

/* Loops made in C don't show what a file is watched for. */
static void put_use(struct json_gen *gen, const struct loop_file *file, bool use)
{
	if (file->reads || file->writes)
		json_bool(gen, use);
	else
		json_null(gen);
}

static void put_file(struct json_gen *gen, const struct waits *waits, const struct loop_file *file)
{
	json_open_map(gen);
	put_key(gen, "fd");
	put_integer_or_null(gen, file->fd);
	put_key(gen, "reads");
	put_use(gen, file, file->reads);
	put_key(gen, "writes");
	put_use(gen, file, file->writes);
	put_key(gen, "transport");
	put_string(gen, file->transport);
	put_key(gen, "protocol");
	put_string(gen, file->protocol);
	put_key(gen, "peer");
	put_string(gen, file->peer);
	put_key(gen, "reader");
	if (file->reader.handle)
		put_entry(gen, waits, &file->reader, false);
	else
		json_null(gen);
	put_key(gen, "writer");
	if (file->writer.handle)
		put_entry(gen, waits, &file->writer, false);
	else
		json_null(gen);
	put_key(gen, "waiters");
	json_open_array(gen);
	for (size_t i = 0; i < file->waiters.count; i++)
		put_address(gen, file->waiters.items[i]->id);
	json_close_array(gen);
	json_close_map(gen);
}

static void put_worker(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		       const struct loop_worker *worker)
{
	json_open_map(gen);
	put_key(gen, "thread");
	json_put_tid(gen, snap, worker->thread);
	put_key(gen, "name");
	put_string(gen, worker->name);
	put_key(gen, "idle");
	json_bool(gen, worker->is_idle);
	put_key(gen, "work");
	put_string(gen, worker->work);
	put_key(gen, "at");
	if (worker->place)
		json_put_place(gen, worker->place, NULL, NULL, NULL);
	else
		json_null(gen);
	json_close_map(gen);
}

static void put_executor(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			 const struct loop_executor *executor)
{
	put_key(gen, "executor");
	if (!executor->addr) {
		json_null(gen);
		return;
	}
	json_open_map(gen);
	put_key(gen, "id");
	put_address(gen, executor->addr);
	put_key(gen, "type");
	put_string(gen, executor->type);
	put_key(gen, "prefix");
	put_string(gen, executor->prefix);
	put_key(gen, "max_workers");
	put_integer_or_null(gen, executor->max_workers);
	put_key(gen, "workers");
	json_open_array(gen);
	for (size_t i = 0; i < executor->workers.count; i++)
		put_worker(gen, snap, &executor->workers.items[i]);
	json_close_array(gen);
	put_key(gen, "queued");
	json_open_array(gen);
	for (size_t i = 0; i < executor->queued.count; i++)
		put_string(gen, executor->queued.items[i]);
	json_close_array(gen);
	put_key(gen, "queued_count");
	json_integer(gen, (int64_t)executor->queued_count);
	json_close_map(gen);
}

static void put_detail(struct json_document *document, const struct aiodbg_snapshot *snap,
		       const struct loop_detail *detail)
{
	struct json_gen *gen = document->gen;
	const struct waits *waits = snap->waits;
	put_key(gen, "stack");
	json_open_array(gen);
	for (size_t i = 0; i < detail->loop->depth; i++)
		json_put_place(gen, detail->loop->stack[i], NULL, NULL, NULL);
	json_close_array(gen);
	put_key(gen, "ready_queue");
	put_entries(document, waits, &detail->ready, false);
	put_key(gen, "timer_queue");
	put_entries(document, waits, &detail->timers, true);
	put_key(gen, "cancelled_timers");
	json_integer(gen, (int64_t)detail->cancelled_count);
	put_key(gen, "files");
	json_open_array(gen);
	for (size_t i = 0; i < detail->files.count && output_goes_on(document->out); i++) {
		put_file(gen, waits, &detail->files.items[i]);
	}
	json_close_array(gen);
	put_key(gen, "signals");
	json_open_array(gen);
	for (size_t i = 0; i < detail->signals.count; i++) {
		json_open_map(gen);
		put_key(gen, "number");
		json_integer(gen, detail->signals.items[i].number);
		put_key(gen, "handler");
		put_entry(gen, waits, &detail->signals.items[i].entry, false);
		json_close_map(gen);
	}
	json_close_array(gen);
	put_executor(gen, snap, &detail->executor);
	put_key(gen, "errors");
	put_problems(gen, detail->problems);
}

static void put_row(struct json_document *document, const struct aiodbg_snapshot *snap,
		    size_t index)
{
	struct json_gen *gen = document->gen;
	const struct loop *loop = &snap->waits->loops.items[index];
	const struct loop_row *row = &snap->loop_list->rows[index];
	const struct loop_detail *detail = snap->loop_list->detail;
	double late = loop_late_by(snap->waits, loop);
	json_open_map(gen);
	json_put_loop_keys(gen, snap, loop, row->ready_count, row->timer_count);
	put_key(gen, "starved");
	put_seconds(gen, late, late > 0);
	put_key(gen, "callback");
	put_integer_or_null(gen, loop->callback_count ? (int64_t)loop->callback : -1);
	put_key(gen, "callbacks");
	put_integer_or_null(gen, loop->callback_count ? (int64_t)loop->callback_count : -1);
	put_when(gen, snap->waits, "next_timer", row->first_timer_at, row->has_first_timer);
	put_key(gen, "fds");
	put_integer_or_null(gen, row->fd_count);
	put_key(gen, "tasks");
	json_integer(gen, (int64_t)row->task_count);
	if (detail)
		put_detail(document, snap, detail);
	json_close_map(gen);
}

static void put_loops(struct json_document *document, const struct view *view)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct loops *loops = &snap->waits->loops;
	const struct loop_detail *detail = snap->loop_list->detail;
	size_t count = 0;
	json_document_text(document, "\"loops\":[");
	for (size_t i = 0; i < loops->count && output_goes_on(document->out); i++) {
		if (detail && detail->loop != &loops->items[i])
			continue;
		json_document_text(document, count++ ? ",\n" : "\n");
		put_row(document, snap, i);
	}
	json_document_text(document, "],\n");
}

int render_loops_json(const struct view *view, struct output *out)
{
	return json_document_write(view, out, "aiodbg-loops", put_loops);
}
