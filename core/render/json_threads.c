/* SPDX-License-Identifier: MIT */
/* Threads as a JSON document of their own, format "aiodbg-threads", version 1. */
#include "base/error.h"
#include "render/json_document.h"
#include "render/json_put.h"
#include "render/json_waits.h"
#include "render/render.h"
#include "waits/threads.h"

static const char *const states[] = {
	[THREAD_UNKNOWN] = NULL,  [THREAD_RUNS] = "runs", [THREAD_SELECTS] = "select",
	[THREAD_WAITS] = "waits", [THREAD_IN_C] = "in C", [THREAD_IDLE_WORKER] = "idle worker",
};

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
	put_string(gen, states[row->state]);
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

static void put_row(struct json_document *document, const struct aiodbg_snapshot *snap,
		    const struct thread_row *row)
{
	const struct thread *thread = &snap->threads.items[row->first];
	json_open_map(document->gen);
	put_facts(document->gen, snap, row);
	json_put_thread_waits(document->gen, snap, thread, document->words);
	put_stack(document, snap, row);
	json_close_map(document->gen);
}

static void put_threads(struct json_document *document, const struct view *view)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct thread_list *list = snap->thread_list;
	size_t count = 0;
	json_document_text(document, "\"threads\":[");
	for (size_t i = 0; i < list->count && output_goes_on(document->out); i++) {
		if (list->detail && list->detail->row != &list->rows[i])
			continue;
		json_document_text(document, count++ ? ",\n" : "\n");
		put_row(document, snap, &list->rows[i]);
	}
	json_document_text(document, "],\n");
}

int render_threads_json(const struct view *view, struct output *out)
{
	return json_document_write(view, out, "aiodbg-threads", put_threads);
}
