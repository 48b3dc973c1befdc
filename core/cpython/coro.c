/* SPDX-License-Identifier: MIT */
/* Chains of awaits. See cpython/coro.h. */
#include "cpython/coro.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/compiled.h"
#include "cpython/frameobject.h"
#include "cpython/greenlet.h"
#include "cpython/object.h"
#include "memory/walk.h"

#include <string.h>

/* What a generator's fields say of it. */
struct generator {
	enum coro_state state;
	bool awaiting;
	/* Filled in while it is suspended or not yet begun. */
	struct frame frame;
};

/* Since 3.11 the frame is part of the generator, and the state beside it. */
static int read_generator(struct decoder *decoder, uint64_t addr, struct generator *ret)
{
	const struct layout *l = decoder->layout;
	struct window w;
	int status = window_read(&decoder->reader, addr, (size_t)l->gen.iframe, &w);
	if (status)
		return status;
	int64_t state = window_int(&w, (size_t)l->gen.frame_state, 1);
	ret->frame.addr = addr + (uint64_t)l->gen.iframe;
	ret->awaiting = (l->fact.frame_suspended_yield_from != LAYOUT_NONE &&
			 state == l->fact.frame_suspended_yield_from) ||
			(l->fact.frame_suspended_locked != LAYOUT_NONE &&
			 state == l->fact.frame_suspended_locked);
	if (state == l->fact.frame_executing)
		ret->state = CORO_EXECUTING;
	else if (state >= l->fact.frame_finished)
		ret->state = CORO_FINISHED;
	else if (state == l->fact.frame_created)
		ret->state = CORO_CREATED;
	else if (ret->awaiting || state == l->fact.frame_suspended)
		ret->state = CORO_SUSPENDED;
	else
		return reader_corrupt(&decoder->reader, addr, "coroutine in no known state");
	if (ret->state == CORO_EXECUTING || ret->state == CORO_FINISHED)
		return 0;
	return frame_read(decoder, ret->frame.addr, &ret->frame);
}

/* Up to 3.10 it points to a frame object, until it is finished. */
static int read_old_generator(struct decoder *decoder, uint64_t addr, struct generator *ret)
{
	static const enum coro_state states[] = {
		[FRAMEOBJECT_CREATED] = CORO_CREATED,
		[FRAMEOBJECT_SUSPENDED] = CORO_SUSPENDED,
		[FRAMEOBJECT_EXECUTING] = CORO_EXECUTING,
		[FRAMEOBJECT_FINISHED] = CORO_FINISHED,
	};
	const struct layout *l = decoder->layout;
	struct window w;
	enum frameobject_state state;
	int status = window_read(&decoder->reader, addr, (size_t)l->gen.size, &w);
	uint64_t frame = window_word(&w, (size_t)l->gen.frame);
	uint64_t qualname = window_word(&w, (size_t)l->gen.qualname);
	ret->state = CORO_FINISHED;
	if (status || !frame)
		return status;
	status = frameobject_read(decoder, frame, qualname, &ret->frame, &state);
	if (status)
		return status;
	ret->state = states[state];
	if (l->gen.running != LAYOUT_NONE && window_int(&w, (size_t)l->gen.running, 1))
		ret->state = CORO_EXECUTING;
	return 0;
}

static int read_generator_any(struct decoder *decoder, uint64_t addr, struct generator *ret)
{
	bool old = decoder->layout->gen.iframe == LAYOUT_NONE;
	return old ? read_old_generator(decoder, addr, ret) : read_generator(decoder, addr, ret);
}

/* Where the frames of a chain go: their places, all that is known of them, or both. */
struct sink {
	struct stack *stack;
	struct coro_frames *frames;
	size_t count;
};

static int sink_push(struct decoder *decoder, struct sink *sink, uint64_t object,
		     const struct frame *frame)
{
	bool pushed = true;
	if (sink->frames)
		pushed = array_push(sink->frames, ((struct coro_frame){object, *frame}));
	if (pushed && sink->stack)
		pushed = array_push(sink->stack, frame->location);
	sink->count += pushed;
	return pushed ? 0 : decoder_no_memory(decoder);
}

static int push_place(struct decoder *decoder, uint64_t addr, const struct location *location,
		      struct sink *sink)
{
	struct frame frame = {.location = location, .depth = -1};
	return sink_push(decoder, sink, addr, &frame);
}

/* An object that goes on where it cannot be followed. */
static int push_foreign(struct decoder *decoder, uint64_t addr, const char *type, struct sink *sink,
			struct coro *coro)
{
	const struct location *location;
	coro->is_cut = true;
	int status = location_foreign(decoder, AIODBG_FRAME_FOREIGN, type, addr, &location);
	return status ? status : push_place(decoder, addr, location, sink);
}

/* What greenlet_spawn awaits was given to it by the functions in its greenlet. */
static int push_greenlet(struct decoder *decoder, const struct frame *spawn, struct sink *sink,
			 struct coro *coro)
{
	struct coro_frames frames = {0};
	uint64_t greenlet = 0;
	int status = greenlet_frames(decoder, spawn, &frames, &greenlet);
	for (size_t i = frames.count; !status && i > 0; i--)
		status = sink_push(decoder, sink, 0, &frames.items[i - 1].frame);
	if (!status && greenlet && !frames.count)
		status = push_foreign(decoder, greenlet, "greenlet", sink, coro);
	array_deinit(&frames);
	return status;
}

/* One object of the chain. *next is what it awaits, 0 at the end. */
static int walk_generator(struct decoder *decoder, uint64_t addr, enum kind kind, struct sink *sink,
			  struct coro *coro, uint64_t *next)
{
	const struct layout *l = decoder->layout;
	struct generator gen = {0};
	int status = read_generator_any(decoder, addr, &gen);
	if (status)
		return status;
	*coro = (struct coro){.state = gen.state, .frame = gen.frame.addr};
	if (gen.state == CORO_EXECUTING || gen.state == CORO_FINISHED)
		return 0;
	if (!gen.frame.location)
		return reader_corrupt(&decoder->reader, addr, "coroutine without code");
	/* Up to 3.12 the state says only that it is suspended. */
	if (gen.state == CORO_SUSPENDED && l->fact.frame_suspended_yield_from == LAYOUT_NONE)
		status = frame_is_awaiting(decoder, &gen.frame, &gen.awaiting);
	if (status)
		return status;
	/* An async generator at its own yield is awaited by nobody: a stale object led here. */
	if (kind == KIND_ASYNC_GENERATOR && gen.state == CORO_SUSPENDED && !gen.awaiting)
		return 0;
	status = sink_push(decoder, sink, addr, &gen.frame);
	if (!status && gen.awaiting && gen.frame.location->code->is_greenlet_spawn) {
		coro->is_indirect = true;
		status = push_greenlet(decoder, &gen.frame, sink, coro);
	}
	return status || !gen.awaiting ? status : frame_awaited(decoder, &gen.frame, next);
}

/*
 * What an async generator's asend() or athrow() object has done so far. Its state, an int
 * (Objects/genobject.c: AWAITABLE_STATE_*), is its last field in every version.
 */
enum await_state {
	AWAIT_INIT,
	AWAIT_ITER,
	AWAIT_CLOSED,
};

static int read_await_state(struct decoder *decoder, uint64_t addr, int32_t size, int64_t *ret)
{
	uint8_t state[4] = {0};
	int status = reader_read(&decoder->reader,
				 addr + (uint64_t)size - decoder->reader.word_size, state,
				 sizeof(state));
	*ret = (int64_t)reader_decode_uint(&decoder->reader, state, sizeof(state));
	return status;
}

/* A step that has not begun: it will go on where the generator is, which others may be using
 * meanwhile. */
static int walk_new_step(struct decoder *decoder, uint64_t addr, struct sink *sink,
			 struct coro *coro)
{
	struct generator gen = {0};
	int status = read_generator_any(decoder, addr, &gen);
	if (!status && !gen.frame.location && gen.state == CORO_EXECUTING)
		status = frame_read_any(decoder, gen.frame.addr, &gen.frame);
	if (status)
		return status;
	coro->state = CORO_CREATED;
	coro->frame = gen.frame.addr;
	return gen.frame.location ? sink_push(decoder, sink, addr, &gen.frame) : 0;
}

/* Where an object that passes an await on keeps the one that it passes it to, or -1. */
static int32_t inner_offset(const struct layout *l, enum kind kind)
{
	switch (kind) {
	case KIND_CORO_WRAPPER:
		return l->corowrapper.coroutine;
	case KIND_ANEXT:
		return l->anext.wrapped;
	case KIND_FUTUREITER:
		return l->futureiter.future;
	default:
		return LAYOUT_NONE;
	}
}

/*
 * The kind of an awaited object whose static type has no readable name (a core without
 * its executable). All such types keep what they pass the await on to first of all, so
 * what that is, and the object's size, tell them apart.
 */
static int guess_kind(struct decoder *decoder, uint64_t addr, const struct type *type,
		      enum kind *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t inner;
	const struct type *inner_type;
	int status = reader_word(&decoder->reader, addr + (uint64_t)l->object.size, &inner);
	if (!status)
		status = object_type(decoder, inner, &inner_type);
	/* It may be anything: not to be able to read it is no sign of missing memory. */
	if (status)
		return error_is_fatal(status) ? status : 0;
	enum kind kind = inner_type->kind;
	if (kind == KIND_ASYNC_GENERATOR && type->basicsize == l->asend.size)
		*ret = KIND_ASEND;
	else if (kind == KIND_ASYNC_GENERATOR && type->basicsize == l->athrow.size)
		*ret = KIND_ATHROW;
	else if (kind == KIND_COROUTINE && type->basicsize == l->corowrapper.size)
		*ret = KIND_CORO_WRAPPER;
	else if (type->basicsize == l->anext.size)
		*ret = KIND_ANEXT;
	return 0;
}

static bool is_generator(enum kind kind)
{
	return kind == KIND_COROUTINE || kind == KIND_GENERATOR || kind == KIND_ASYNC_GENERATOR;
}

/* The state of the whole is that of the first generator: before it, there is none. */
static int walk_inner(struct decoder *decoder, uint64_t addr, enum kind kind, struct sink *sink,
		      struct coro *coro, uint64_t *next)
{
	struct coro inner = {0};
	size_t before = sink->count;
	int status = walk_generator(decoder, addr, kind, sink, &inner, next);
	if (!coro->is_indirect && sink->count > before)
		coro->coroutines++;
	coro->is_indirect |= inner.is_indirect;
	coro->is_cut |= inner.is_cut;
	if (status)
		return status;
	if (coro->state == CORO_FOREIGN) {
		coro->state = inner.state;
		coro->frame = inner.frame;
	} else if (inner.state == CORO_EXECUTING && coro->state == CORO_EXECUTING) {
		coro->frame = coro->frame ? coro->frame : inner.frame;
	} else if (inner.state == CORO_EXECUTING) {
		status = reader_corrupt(&decoder->reader, addr,
					"running coroutine awaited by a suspended one");
	}
	return status;
}

/* One step of an async generator, as far as it has got. */
static int walk_generator_step(struct decoder *decoder, uint64_t addr, enum kind kind,
			       struct sink *sink, struct coro *coro, uint64_t *next)
{
	const struct layout *l = decoder->layout;
	bool is_asend = kind == KIND_ASEND;
	int64_t state = AWAIT_ITER;
	int status = reader_word(&decoder->reader,
				 addr + (uint64_t)(is_asend ? l->asend.gen : l->athrow.gen), next);
	/* What a coroutine awaits has begun. */
	if (!status && coro->state == CORO_FOREIGN)
		status = read_await_state(decoder, addr, is_asend ? l->asend.size : l->athrow.size,
					  &state);
	if (status || state == AWAIT_ITER)
		return status;
	uint64_t gen = *next;
	*next = 0;
	coro->state = CORO_FINISHED;
	return state == AWAIT_INIT ? walk_new_step(decoder, gen, sink, coro) : 0;
}

/*
 * Cython has static types with the names of those that wrap an await. What theirs holds is never a
 * generator of CPython's.
 */
static int check_wrapper(struct decoder *decoder, uint64_t addr, enum kind *kind)
{
	uint64_t inner;
	const struct type *type;
	if (*kind != KIND_CORO_WRAPPER && *kind != KIND_ASEND && *kind != KIND_ATHROW)
		return 0;
	int status = reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->object.size,
				 &inner);
	if (status || !inner)
		return status;
	status = object_type(decoder, inner, &type);
	if (!status && type->kind == KIND_OTHER && type->name)
		*kind = KIND_OTHER;
	return status;
}

/* An object of a type that is not CPython's: a compiled coroutine, or what cannot be followed. */
static int walk_foreign(struct decoder *decoder, uint64_t addr, const struct type *type,
			struct sink *sink, struct coro *coro, uint64_t *next)
{
	struct compiled compiled;
	int status = compiled_read(decoder, addr, type, &compiled);
	if (status)
		return status;
	*next = compiled.awaited;
	if (compiled.role == COMPILED_WRAPPER)
		return 0;
	if (compiled.role == COMPILED_NOT)
		return push_foreign(decoder, addr, type->full_name, sink, coro);
	if (coro->state == CORO_FOREIGN)
		coro->state = compiled.state;
	status = push_place(decoder, addr, compiled.location, sink);
	if (status || !compiled.unknown)
		return status;
	coro->is_cut = true;
	return push_place(decoder, addr, compiled.unknown, sink);
}

/* One step from the object at addr. *next is 0 at the end. */
static int walk_awaited(struct decoder *decoder, uint64_t addr, struct sink *sink,
			struct coro *coro, uint64_t *next)
{
	const struct type *type;
	int status = object_type(decoder, addr, &type);
	if (status)
		return status;
	enum kind kind = type->kind;
	if (kind == KIND_OTHER && !type->name)
		status = guess_kind(decoder, addr, type, &kind);
	else
		status = check_wrapper(decoder, addr, &kind);
	if (status)
		return status;
	*next = 0;
	if (kind != KIND_COROUTINE)
		coro->is_indirect = true;
	if (is_generator(kind))
		return walk_inner(decoder, addr, kind, sink, coro, next);
	if (kind == KIND_FUTURE || kind == KIND_TASK) {
		coro->future = addr;
		return 0;
	}
	if (kind == KIND_ASEND || kind == KIND_ATHROW)
		return walk_generator_step(decoder, addr, kind, sink, coro, next);
	if (kind == KIND_OTHER)
		return walk_foreign(decoder, addr, type, sink, coro, next);
	int32_t offset = inner_offset(decoder->layout, kind);
	if (offset == LAYOUT_NONE)
		return 0;
	return reader_word(&decoder->reader, addr + (uint64_t)offset, next);
}

static int walk_all(struct decoder *decoder, uint64_t addr, struct sink *sink, struct coro *ret)
{
	*ret = (struct coro){.state = CORO_FOREIGN};
	struct walk walk = walk_begin("awaits of one task", LIMIT_FRAMES);
	for (uint64_t next = 0; addr; addr = next) {
		int status = walk_step(&decoder->reader, &walk, addr);
		if (!status)
			status = walk_awaited(decoder, addr, sink, ret, &next);
		if (status)
			return status;
	}
	return 0;
}

/* ---- chains that are kept ---- */

struct coro_chain {
	struct coro coro;
	size_t count;
	struct coro_frame *items;
};

/* Without memory for it, the chain is walked again. */
static void keep_chain(struct decoder *decoder, uint64_t addr, const struct coro_frames *frames,
		       const struct coro *coro)
{
	struct coro_chain *chain = NULL;
	if (frames->count && frames->count <= decoder->chains_left)
		chain = arena_alloc(decoder->arena, sizeof(*chain));
	if (!chain)
		return;
	decoder->chains_left -= frames->count;
	*chain = (struct coro_chain){*coro, frames->count, NULL};
	chain->items = arena_copy(decoder->arena, frames->items,
				  frames->count * sizeof(*frames->items));
	if (chain->items)
		addrmap_put(&decoder->chains, addr, chain);
}

int coro_walk(struct decoder *decoder, uint64_t addr, struct stack *stack, struct coro *ret)
{
	struct coro_frames frames = {0};
	struct sink sink = {
		.stack = stack,
		.frames = decoder->chains_left ? &frames : NULL,
	};
	int status = walk_all(decoder, addr, &sink, ret);
	if (!status && decoder->chains_left)
		keep_chain(decoder, addr, &frames, ret);
	array_deinit(&frames);
	return status;
}

int coro_walk_frames(struct decoder *decoder, uint64_t addr, struct coro_frames *frames,
		     struct coro *ret)
{
	struct sink sink = {.frames = frames};
	const struct coro_chain *known = addrmap_get(&decoder->chains, addr);
	if (!known)
		return walk_all(decoder, addr, &sink, ret);
	*ret = known->coro;
	if (!array_reserve(frames, known->count))
		return decoder_no_memory(decoder);
	memcpy(frames->items + frames->count, known->items, known->count * sizeof(*known->items));
	frames->count += known->count;
	return 0;
}

int coro_frame(struct decoder *decoder, uint64_t addr, enum coro_state *state, struct frame *frame)
{
	struct generator gen = {.frame.depth = -1};
	enum kind kind;
	*state = CORO_FOREIGN;
	*frame = gen.frame;
	int status = object_kind(decoder, addr, &kind);
	if (!status && !is_generator(kind))
		return reader_corrupt(&decoder->reader, addr, "not a generator");
	if (!status)
		status = read_generator_any(decoder, addr, &gen);
	if (status)
		return status;
	*state = gen.state;
	if (gen.state == CORO_EXECUTING)
		return frame_read_any(decoder, gen.frame.addr, frame);
	if (gen.state != CORO_FINISHED)
		*frame = gen.frame;
	return 0;
}
