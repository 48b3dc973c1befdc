/* SPDX-License-Identifier: MIT */
/* Threads. See waits/threads.h. */
#include "waits/threads.h"

#include "asyncio/sync.h"
#include "base/addrmap.h"
#include "base/error.h"
#include "snapshot/source.h"
#include "waits/calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Frames of the interpreter's own that may be inside of the innermost one of Python. */
#define ENTRY_FRAMES 8

struct threads_builder {
	struct decoder *decoder;
	struct aiodbg_snapshot *snap;
	struct thread_list *list;
	const struct aiodbg_request *request;
	/* Loops by address. */
	struct addrmap loops;
};

/* ---- thread states of one thread ---- */

/* Those of later interpreters were entered from earlier ones, if they have frames at all. */
static void join(struct threads_builder *builder, struct thread_row *row, size_t index)
{
	ptrdiff_t *next = builder->list->next;
	if (builder->snap->threads.items[index].current_frame) {
		next[index] = (ptrdiff_t)row->first;
		row->first = index;
		return;
	}
	next[index] = next[row->first];
	next[row->first] = (ptrdiff_t)index;
}

static int make_rows(struct threads_builder *builder)
{
	struct thread_list *list = builder->list;
	const struct threads *threads = &builder->snap->threads;
	struct addrmap by_tid = {0};
	int status = 0;
	for (size_t i = 0; !status && i < threads->count; i++) {
		uint64_t tid = threads->items[i].tid;
		struct thread_row *row = tid ? addrmap_get(&by_tid, tid) : NULL;
		list->next[i] = -1;
		status = work_step(&builder->decoder->reader.work);
		if (!status && row) {
			join(builder, row, i);
			continue;
		}
		row = &list->rows[list->count++];
		*row = (struct thread_row){.first = i, .has_gil = -1};
		if (!status && tid && !addrmap_put(&by_tid, tid, row))
			status = decoder_no_memory(builder->decoder);
	}
	addrmap_deinit(&by_tid);
	return status;
}

/* ---- the interpreter lock ---- */

struct gil {
	uint64_t holder;
	bool known;
};

/* Every interpreter may have a lock of its own. Free-threaded builds have none that counts. */
static int find_gil_holders(struct threads_builder *builder)
{
	struct aiodbg_snapshot *snap = builder->snap;
	struct thread_list *list = builder->list;
	struct gil *gils;
	int status = decoder_alloc(builder->decoder, snap->interps.count * sizeof(*gils),
				   (void **)&gils);
	for (size_t i = 0; !status && !snap->free_threaded && i < snap->interps.count; i++) {
		status = gil_holder(builder->decoder, snap->runtime, &snap->interps.items[i],
				    &gils[i].holder, &gils[i].known);
		gils[i].known &= !status;
		if (!error_is_fatal(status))
			status = 0;
	}
	for (size_t k = 0; !status && k < list->count; k++) {
		struct thread_row *row = &list->rows[k];
		for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = list->next[at]) {
			const struct thread *thread = &snap->threads.items[at];
			const struct gil *gil = &gils[thread->interp];
			if (gil->known && row->has_gil < 1)
				row->has_gil = gil->holder && thread->addr == gil->holder;
		}
	}
	return status;
}

/* ---- what a thread does ---- */

/* The address of the innermost frame of Python; 0 if there is none. */
static int innermost_frame(struct decoder *decoder, const struct thread *thread, uint64_t *ret)
{
	uint64_t addr = thread->current_frame;
	*ret = 0;
	for (int i = 0; addr && i < ENTRY_FRAMES; i++) {
		struct frame frame;
		int status = frame_read_any(decoder, addr, &frame);
		if (status)
			return error_is_fatal(status) ? status : 0;
		if (frame.location) {
			*ret = addr;
			return 0;
		}
		addr = frame.previous;
	}
	return 0;
}

static enum thread_state state_of(const struct threads_builder *builder,
				  const struct thread_row *row)
{
	const struct waits *waits = builder->snap->waits;
	const struct thread_facts *facts = &waits->threads[row->first];
	const struct location *inner = facts->depth ? facts->stack[0] : NULL;
	uint64_t loop_addr = builder->snap->threads.items[row->first].running_loop;
	const struct loop *loop = loop_addr ? addrmap_get(&builder->loops, loop_addr) : NULL;
	if (row->has_gil == 1)
		return THREAD_RUNS;
	if (inner && sync_is_at(inner, "_worker", "concurrent/futures/thread.py"))
		return THREAD_IDLE_WORKER;
	if (inner && inner->code->name && !strcmp(inner->code->name, "select") &&
	    sync_is_file(inner->code->filename, "selectors.py"))
		return THREAD_SELECTS;
	if (waits->of_threads[row->first].blocked)
		return THREAD_WAITS;
	if (loop && loop->is_native && loop->state == LOOP_IDLE)
		return THREAD_SELECTS;
	return row->calls ? THREAD_IN_C : THREAD_UNKNOWN;
}

static const struct location *place_of(const struct threads_builder *builder,
				       const struct thread_row *row)
{
	const struct waits *waits = builder->snap->waits;
	const struct location *innermost = NULL;
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = builder->list->next[at]) {
		const struct thread_facts *facts = &waits->threads[at];
		if (waits->of_threads[at].site.location)
			return waits->of_threads[at].site.location;
		if (!innermost && facts->depth)
			innermost = facts->stack[0];
	}
	return innermost;
}

static int read_row(struct threads_builder *builder, struct thread_row *row)
{
	const struct thread *thread = &builder->snap->threads.items[row->first];
	uint64_t frame;
	struct call call = {0};
	int status = innermost_frame(builder->decoder, thread, &frame);
	if (!status && frame)
		status = calls_read(builder->decoder, frame, &call);
	row->calls = call.name;
	row->calls_certainty = call.certainty;
	row->place = place_of(builder, row);
	row->state = state_of(builder, row);
	return status;
}

/* ---- one of them ---- */

static int read_locals(struct threads_builder *builder, struct thread_detail *detail)
{
	struct decoder *decoder = builder->decoder;
	struct thread_frames frames = {0};
	int status = decoder_alloc(decoder, detail->depth * sizeof(*detail->locals),
				   (void **)&detail->locals);
	for (ptrdiff_t at = (ptrdiff_t)detail->row->first; !error_is_fatal(status) && at >= 0;
	     at = builder->list->next[at])
		status = thread_frames_read(decoder, &builder->snap->threads.items[at], &frames);
	if (!error_is_fatal(status))
		status = frame_locals_read(decoder, &frames, detail->stack, detail->depth,
					   detail->locals);
	array_deinit(&frames);
	return status;
}

static int read_detail(struct threads_builder *builder, const struct thread_row *row)
{
	struct decoder *decoder = builder->decoder;
	struct thread_list *list = builder->list;
	const struct waits *waits = builder->snap->waits;
	struct thread_detail *detail;
	size_t depth = 0;
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = list->next[at])
		depth += waits->threads[at].depth;
	int status = decoder_alloc(decoder, sizeof(*detail), (void **)&detail);
	if (!status)
		status = decoder_alloc(decoder, depth * sizeof(*detail->stack),
				       (void **)&detail->stack);
	if (!status)
		status = decoder_alloc(decoder, depth * sizeof(*detail->source),
				       (void **)&detail->source);
	if (status)
		return status;
	detail->row = row;
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = list->next[at]) {
		for (size_t i = 0; i < waits->threads[at].depth; i++)
			detail->stack[detail->depth++] = waits->threads[at].stack[i];
	}
	list->detail = detail;
	struct sources sources;
	sources_init(&sources, decoder, builder->snap);
	status = source_read_stack(&sources, detail->stack, detail->depth, detail->source);
	sources_deinit(&sources);
	if (status || !(builder->request->wants & AIODBG_WANT_LOCALS))
		return status;
	return read_locals(builder, detail);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static int not_found(const struct threads_builder *builder, uint64_t tid)
{
	const struct thread *threads = builder->snap->threads.items;
	const struct thread_list *list = builder->list;
	struct aiodbg_error *error = &builder->decoder->reader.error;
	size_t nearest = 0;
	if (!list->count)
		return error_set(error, AIODBG_NOT_FOUND,
				 "no thread %" PRIu64 ": no thread runs Python", tid);
	for (size_t i = 0; i < list->count; i++) {
		if (distance(threads[list->rows[i].first].tid, tid) <
		    distance(threads[list->rows[nearest].first].tid, tid))
			nearest = i;
	}
	return error_set(error, AIODBG_NOT_FOUND,
			 "no thread %" PRIu64 " runs Python: of %zu, %" PRIu64 " is the nearest",
			 tid, list->count, threads[list->rows[nearest].first].tid);
}

static int read_wanted(struct threads_builder *builder, uint64_t tid)
{
	const struct thread_list *list = builder->list;
	for (size_t i = 0; tid && i < list->count; i++) {
		if (builder->snap->threads.items[list->rows[i].first].tid == tid)
			return read_detail(builder, &list->rows[i]);
	}
	return tid ? not_found(builder, tid) : 0;
}

ptrdiff_t threads_with_loop(const struct aiodbg_snapshot *snap, const struct thread_row *row)
{
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = snap->thread_list->next[at]) {
		if (snap->threads.items[at].running_loop)
			return at;
	}
	return -1;
}

const char *threads_name(const struct aiodbg_snapshot *snap, const struct thread_row *row)
{
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = snap->thread_list->next[at]) {
		if (snap->waits->threads[at].name)
			return snap->waits->threads[at].name;
	}
	return NULL;
}

static int read_all(struct threads_builder *builder)
{
	struct thread_list *list = builder->list;
	struct loops *loops = &builder->snap->waits->loops;
	int status = 0;
	for (size_t i = 0; !status && i < loops->count; i++) {
		if (!addrmap_put(&builder->loops, loops->items[i].addr, &loops->items[i]))
			status = decoder_no_memory(builder->decoder);
	}
	if (!status)
		status = make_rows(builder);
	if (!status)
		status = find_gil_holders(builder);
	for (size_t i = 0; !status && i < list->count; i++)
		status = read_row(builder, &list->rows[i]);
	return status ? status : read_wanted(builder, builder->request->tid);
}

int threads_decode(struct decoder *decoder, struct aiodbg_snapshot *snap,
		   const struct aiodbg_request *request)
{
	struct threads_builder builder = {.decoder = decoder, .snap = snap, .request = request};
	size_t count = snap->threads.count;
	int status = decoder_alloc(decoder, sizeof(*snap->thread_list),
				   (void **)&snap->thread_list);
	builder.list = snap->thread_list;
	if (!status)
		status = decoder_alloc(decoder, count * sizeof(*builder.list->rows),
				       (void **)&builder.list->rows);
	if (!status)
		status = decoder_alloc(decoder, count * sizeof(*builder.list->next),
				       (void **)&builder.list->next);
	if (!status)
		status = read_all(&builder);
	addrmap_deinit(&builder.loops);
	return status;
}
