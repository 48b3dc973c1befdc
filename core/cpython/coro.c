/* SPDX-License-Identifier: MIT */
/* Chains of awaits. See cpython/coro.h. */
#include "cpython/coro.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/frameobject.h"
#include "cpython/object.h"
#include "memory/walk.h"

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

/*
 * One object of the chain. *next is what it awaits, 0 at the end. Only the first decides
 * the state of the whole.
 */
static int walk_generator(struct decoder *decoder, uint64_t addr, enum kind kind,
			  struct stack *stack, struct coro *coro, uint64_t *next)
{
	const struct layout *l = decoder->layout;
	struct generator gen = {0};
	bool old = l->gen.iframe == LAYOUT_NONE;
	int status = old ? read_old_generator(decoder, addr, &gen)
			 : read_generator(decoder, addr, &gen);
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
	if (!array_push(stack, gen.frame.location))
		return decoder_no_memory(decoder);
	return gen.awaiting ? frame_awaited(decoder, &gen.frame, next) : 0;
}

/* Where an object that passes an await on keeps the one that it passes it to, or -1. */
static int32_t inner_offset(const struct layout *l, enum kind kind)
{
	switch (kind) {
	case KIND_ASEND:
		return l->asend.gen;
	case KIND_ATHROW:
		return l->athrow.gen;
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

/* One step from the object at addr. *next is 0 at the end. */
static int walk_awaited(struct decoder *decoder, uint64_t addr, bool first, struct stack *stack,
			struct coro *coro, uint64_t *next)
{
	const struct type *type;
	int status = object_type(decoder, addr, &type);
	if (status)
		return status;
	enum kind kind = type->kind;
	if (kind == KIND_OTHER && !type->name)
		status = guess_kind(decoder, addr, type, &kind);
	if (status)
		return status;
	*next = 0;
	if (kind != KIND_COROUTINE)
		coro->is_indirect = true;
	if (is_generator(kind)) {
		struct coro inner;
		bool is_indirect = coro->is_indirect;
		size_t before = stack->count;
		status = walk_generator(decoder, addr, kind, stack, &inner, next);
		if (first && !status)
			*coro = inner;
		else if (!status && inner.state == CORO_EXECUTING)
			status = reader_corrupt(&decoder->reader, addr,
						"running coroutine awaited by a suspended one");
		coro->is_indirect = is_indirect;
		if (!is_indirect)
			coro->coroutines += stack->count - before;
		return status;
	}
	if (kind == KIND_FUTURE || kind == KIND_TASK) {
		coro->future = addr;
		return 0;
	}
	int32_t offset = inner_offset(decoder->layout, kind);
	if (offset == LAYOUT_NONE)
		return 0;
	return reader_word(&decoder->reader, addr + (uint64_t)offset, next);
}

int coro_walk(struct decoder *decoder, uint64_t addr, struct stack *stack, struct coro *ret)
{
	*ret = (struct coro){.state = CORO_FOREIGN};
	struct walk walk = walk_begin("awaits of one task", LIMIT_FRAMES);
	bool first = true;
	for (uint64_t next = 0; addr; addr = next, first = false) {
		int status = walk_step(&decoder->reader, &walk, addr);
		if (!status)
			status = walk_awaited(decoder, addr, first, stack, ret, &next);
		if (status)
			return status;
	}
	return 0;
}
