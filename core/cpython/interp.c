/* SPDX-License-Identifier: MIT */
/* Interpreters and threads. See cpython/interp.h. */
#include "cpython/interp.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/dict.h"
#include "cpython/object.h"
#include "memory/walk.h"

static int interp_read(struct decoder *decoder, uint64_t addr, struct interp *ret, uint64_t *next)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	uint8_t id[8] = {0};
	*ret = (struct interp){.addr = addr};
	if (!decoder_plausible(decoder, addr))
		return reader_corrupt(reader, addr, "not an interpreter");
	int status = reader_read(reader, addr + (uint64_t)l->interp.id, id, sizeof(id));
	if (!status)
		status = reader_word(reader, addr + (uint64_t)l->interp.next, next);
	if (!status)
		status = reader_word(reader, addr + (uint64_t)l->interp.modules, &ret->modules);
	if (!status)
		status = reader_word(reader, addr + (uint64_t)l->interp.threads_head,
				     &ret->threads_head);
	ret->id = (int64_t)reader_decode_uint(reader, id, sizeof(id));
	return status;
}

/* What was appended from a list that is a circle of so many: keep each once. */
#define drop_repeated(array, from, circle)                                                         \
	for (size_t i_ = (from), n_ = (size_t)(circle); n_ && i_ + n_ < (array)->count; i_++) {    \
		if ((array)->items[i_].addr == (array)->items[i_ + n_].addr)                       \
			(array)->count = i_ + n_;                                                  \
	}

/* The newest is at the head of both lists: turn what was appended around. */
#define reverse(array, from)                                                                       \
	for (size_t i_ = (from), k_ = (array)->count; i_ + 1 < k_; i_++) {                         \
		k_--;                                                                              \
		typeof((array)->items[0]) item_ = (array)->items[i_];                              \
		(array)->items[i_] = (array)->items[k_];                                           \
		(array)->items[k_] = item_;                                                        \
	}

int interps_read(struct decoder *decoder, uint64_t runtime, struct interps *ret, note_fn *note,
		 void *arg)
{
	uint64_t next;
	size_t first = ret->count;
	struct walk walk = walk_begin("interpreters", LIMIT_INTERPRETERS);
	int status = reader_word(&decoder->reader,
				 runtime + (uint64_t)decoder->layout->runtime.interpreters_head,
				 &next);
	while (!status && next) {
		struct interp interp;
		uint64_t addr = next;
		status = walk_step(&decoder->reader, &walk, addr);
		if (!status)
			status = interp_read(decoder, addr, &interp, &next);
		if (!status && !array_push(ret, interp))
			status = decoder_no_memory(decoder);
	}
	drop_repeated(ret, first, walk.circle);
	reverse(ret, first);
	if (!status || error_is_fatal(status))
		return status;
	return note(arg, &decoder->reader.error);
}

/* The key in a thread's dict: Modules/_asynciomodule.c. */
static const char running_loop_key[] = "__asyncio_running_event_loop__";

/* Up to 3.12 the running loop is in the thread's dict; up to 3.11 in a holder there. */
static int find_running_loop(struct decoder *decoder, uint64_t thread, uint64_t *ret, uint64_t *pid)
{
	const struct layout *l = decoder->layout;
	uint64_t dict, loop = 0;
	uint8_t holder[4] = {0};
	enum kind kind = KIND_NONE;
	int status = reader_word(&decoder->reader, thread + (uint64_t)l->thread.dict, &dict);
	if (!status && dict)
		status = dict_get(decoder, dict, running_loop_key, &loop);
	if (!status && loop && l->loopholder.pid != LAYOUT_NONE)
		status = reader_read(&decoder->reader, loop + (uint64_t)l->loopholder.pid, holder,
				     sizeof(holder));
	*pid = reader_decode_uint(&decoder->reader, holder, sizeof(holder));
	if (!status && loop && l->loopholder.loop != LAYOUT_NONE)
		status = reader_word(&decoder->reader, loop + (uint64_t)l->loopholder.loop, &loop);
	if (!status && loop)
		status = object_kind(decoder, loop, &kind);
	*ret = kind == KIND_NONE ? 0 : loop;
	/* A thread without a loop to be seen is a thread all the same. */
	return decoder_go_on(decoder, status);
}

/* In 3.11 and 3.12 the current frame is found through a struct on the thread's C stack. */
static int find_current_frame(struct decoder *decoder, uint64_t thread, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t cframe;
	int status = reader_word(&decoder->reader, thread + (uint64_t)l->thread.cframe, &cframe);
	if (!status && cframe)
		status = reader_word(&decoder->reader, cframe + (uint64_t)l->cframe.current_frame,
				     ret);
	return decoder_go_on(decoder, status);
}

/*
 * Up to 3.10 CPython keeps only the pthread_t, which in glibc is the address of a struct
 * that has the kernel's thread id at a place of its own. What is there is believed if it
 * can be one.
 */
#define TID_MAX (1 << 22)

static int find_tid(struct decoder *decoder, uint64_t thread_id, uint64_t *ret)
{
	uint8_t tid[4];
	int status = reader_read(&decoder->reader,
				 thread_id + (uint64_t)decoder->layout->fact.pthread_tid, tid,
				 sizeof(tid));
	uint64_t value = reader_decode_uint(&decoder->reader, tid, sizeof(tid));
	if (!status && value <= TID_MAX)
		*ret = value;
	return decoder_go_on(decoder, status);
}

static int thread_read(struct decoder *decoder, uint64_t addr, const struct interps *interps,
		       size_t index, struct thread *ret, uint64_t *next)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	uint64_t interp;
	*ret = (struct thread){.addr = addr, .interp = index};
	if (!decoder_plausible(decoder, addr))
		return reader_corrupt(reader, addr, "not a thread state");
	int status = reader_word(reader, addr + (uint64_t)l->thread.interp, &interp);
	if (!status && interp != interps->items[index].addr)
		status = reader_corrupt(reader, addr, "thread state of another interpreter");
	const struct {
		int32_t offset;
		uint64_t *ret;
	} fields[] = {
		{l->thread.next, next},
		{l->thread.current_frame, &ret->current_frame},
		{l->thread.thread_id, &ret->ident},
		{l->thread.native_thread_id, &ret->tid},
		{l->thread.running_loop, &ret->running_loop},
		{l->thread.running_task, &ret->running_task},
	};
	for (size_t i = 0; !status && i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].offset != LAYOUT_NONE)
			status = reader_word(reader, addr + (uint64_t)fields[i].offset,
					     fields[i].ret);
	}
	if (!status && l->fact.pthread_tid != LAYOUT_NONE)
		status = find_tid(decoder, ret->ident, &ret->tid);
	if (!status && l->thread.cframe != LAYOUT_NONE && l->cframe.current_frame != LAYOUT_NONE)
		status = find_current_frame(decoder, addr, &ret->current_frame);
	if (!status && l->thread.running_loop == LAYOUT_NONE)
		status = find_running_loop(decoder, addr, &ret->running_loop, &ret->loop_pid);
	return status;
}

int threads_read(struct decoder *decoder, const struct interps *interps, size_t index,
		 struct threads *ret, note_fn *note, void *arg)
{
	uint64_t next = interps->items[index].threads_head;
	size_t first = ret->count;
	struct walk walk = walk_begin("threads", LIMIT_THREADS);
	int status = 0;
	while (!status && next) {
		struct thread thread;
		uint64_t addr = next;
		status = walk_step(&decoder->reader, &walk, addr);
		if (!status)
			status = thread_read(decoder, addr, interps, index, &thread, &next);
		if (!status && !array_push(ret, thread))
			status = decoder_no_memory(decoder);
	}
	drop_repeated(ret, first, walk.circle);
	reverse(ret, first);
	if (!status || error_is_fatal(status))
		return status;
	return note(arg, &decoder->reader.error);
}

int gil_find(struct decoder *decoder, uint64_t runtime, const struct interp *interp, uint64_t *addr,
	     size_t *size)
{
	const struct layout *l = decoder->layout;
	*addr = 0;
	*size = l->gil.size > 0 ? (size_t)l->gil.size : 0;
	if (l->interp.gil != LAYOUT_NONE)
		return reader_word(&decoder->reader, interp->addr + (uint64_t)l->interp.gil, addr);
	if (l->runtime.gil != LAYOUT_NONE && runtime)
		*addr = runtime + (uint64_t)l->runtime.gil;
	return 0;
}

int gil_holder(struct decoder *decoder, uint64_t runtime, const struct interp *interp,
	       uint64_t *holder, bool *known)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	uint64_t gil = 0, last = 0;
	uint8_t locked[4] = {0};
	size_t size;
	*holder = 0;
	*known = false;
	int status = gil_find(decoder, runtime, interp, &gil, &size);
	if (status || !gil)
		return status;
	status = reader_read(reader, gil + (uint64_t)l->gil.locked, locked, sizeof(locked));
	if (!status)
		status = reader_word(reader, gil + (uint64_t)l->gil.last_holder, &last);
	if (status)
		return status;
	*known = true;
	/* It is -1 before the first thread has had it. */
	if (reader_decode_uint(reader, locked, sizeof(locked)) == 1)
		*holder = last;
	return 0;
}

int thread_frames_read(struct decoder *decoder, const struct thread *thread,
		       struct thread_frames *ret)
{
	struct walk walk = walk_begin("frames of a thread", LIMIT_FRAMES);
	for (uint64_t addr = thread->current_frame; addr;) {
		struct frame frame;
		int status = walk_step(&decoder->reader, &walk, addr);
		if (!status)
			status = frame_read_any(decoder, addr, &frame);
		if (status)
			return status;
		struct thread_frame found = {addr, frame.location};
		if (frame.location && !array_push(ret, found))
			return decoder_no_memory(decoder);
		addr = frame.previous;
	}
	return 0;
}
