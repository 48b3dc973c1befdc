/* SPDX-License-Identifier: MIT */
/* Threads as a JSON document of their own, format "aiodbg-threads", version 1. */
#include "base/error.h"
#include "render/json_document.h"
#include "render/json_put.h"
#include "render/json_view.h"
#include "render/json_waits.h"
#include "render/render.h"
#include "view/threads.h"

static void put_interpreters(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			     const struct thread_row *row)
{
	put_key(gen, "interpreters");
	json_open_array(gen);
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = snap->thread_list->next[at])
		put_integer_or_null(gen, snapshot_interp_id(snap, snap->threads.items[at].interp));
	json_close_array(gen);
}

static void put_facts(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		      const struct thread_row *row)
{
	ptrdiff_t with_loop = threads_with_loop(snap, row);
	const struct thread *looping = with_loop < 0 ? NULL : &snap->threads.items[with_loop];
	put_key(gen, "tid");
	json_put_tid(gen, snap, (ptrdiff_t)row->first);
	put_key(gen, "name");
	put_string(gen, threads_name(snap, row));
	put_key(gen, "state");
	put_string(gen, view_thread_state_name(row));
	put_key(gen, "calls");
	put_string(gen, row->calls);
	put_key(gen, "calls_certainty");
	put_string(gen, row->calls ? certainty_name(row->calls_certainty) : NULL);
	put_key(gen, "gil");
	if (row->has_gil < 0)
		json_null(gen);
	else
		json_bool(gen, row->has_gil);
	put_interpreters(gen, snap, row);
	put_key(gen, "loop");
	put_address_or_null(gen, looping ? looping->running_loop : 0);
	put_key(gen, "running_task");
	put_address_or_null(gen, looping ? looping->running_task : 0);
}

static void put_stack(struct json_document *document, const struct aiodbg_snapshot *snap,
		      const struct thread_row *row)
{
	const struct thread_detail *detail = snap->thread_list->detail;
	put_key(document->gen, "stack");
	json_open_array(document->gen);
	for (size_t i = 0; detail && i < detail->depth; i++)
		json_put_place(document->gen, detail->stack[i], &detail->source[i], NULL,
			       detail->locals ? &detail->locals[i] : NULL);
	for (ptrdiff_t at = (ptrdiff_t)row->first; !detail && at >= 0;
	     at = snap->thread_list->next[at]) {
		const struct thread_facts *facts = &snap->waits->threads[at];
		for (size_t i = 0; i < facts->depth; i++) {
			json_put_place(document->gen, facts->stack[i], NULL, NULL, NULL);
		}
	}
	json_close_array(document->gen);
}

/* Place of its group; null if that is left out. */
static void put_group_of(struct json_gen *gen, const struct view *view,
			 const struct thread_row *row)
{
	size_t place = view->threads->places[row - view->snap->thread_list->rows];
	put_key(gen, "group");
	put_integer_or_null(gen, place == SIZE_MAX ? -1 : (int64_t)place);
}

static void put_row(struct json_document *document, const struct view *view,
		    const struct thread_row *row)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct thread *thread = &snap->threads.items[row->first];
	json_open_map(document->gen);
	put_facts(document->gen, snap, row);
	json_put_thread_waits(document->gen, snap, thread, document->words);
	put_stack(document, snap, row);
	if (view->threads && view->threads->places)
		put_group_of(document->gen, view, row);
	json_close_map(document->gen);
}

static void put_group(struct json_document *document, const struct view *view,
		      const struct thread_group *group)
{
	const struct view_threads *threads = view->threads;
	struct json_gen *gen = document->gen;
	json_open_map(gen);
	put_key(gen, "count");
	json_integer(gen, (int64_t)group->count);
	put_key(gen, "thread");
	json_put_tid(gen, view->snap, (ptrdiff_t)group->first->first);
	put_key(gen, "value");
	json_begin_words(document->words);
	view_thread_write(&threads->writing, group->first, document->words);
	if (document->words->used)
		json_put_words(gen, document->words);
	else
		json_null(gen);
	json_close_map(gen);
}

static void put_view(struct json_document *document, const struct view *view)
{
	const struct view_threads *threads = view->threads;
	json_document_text(document, "\"view\":");
	json_put_view(document->gen, threads->query);
	json_document_text(document, ",\n\"left_out\":");
	json_put_left_out(document->gen, threads->filtered, threads->cut);
	json_document_text(document, ",\n");
	if (!threads->places)
		return;
	json_document_text(document, "\"groups\":[");
	for (size_t i = 0; i < threads->groups.count; i++) {
		json_document_text(document, i ? ",\n" : "\n");
		put_group(document, view, &threads->groups.items[i]);
	}
	json_document_text(document, "],\n");
}

static void put_threads(struct json_document *document, const struct view *view)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct thread_list *list = snap->thread_list;
	size_t count = view->threads ? view->threads->count : list->count, shown = 0;
	if (view->threads)
		put_view(document, view);
	json_document_text(document, "\"threads\":[");
	for (size_t i = 0; i < count && output_goes_on(document->out); i++) {
		const struct thread_row *row = view->threads ? view->threads->rows[i]
							     : &list->rows[i];
		if (list->detail && list->detail->row != row)
			continue;
		json_document_text(document, shown++ ? ",\n" : "\n");
		put_row(document, view, row);
	}
	json_document_text(document, "],\n");
}

int render_threads_json(const struct view *view, struct output *out)
{
	return json_document_write(view, out, "aiodbg-threads", put_threads);
}
