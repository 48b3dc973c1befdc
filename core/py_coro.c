/* SPDX-License-Identifier: MIT */
/* Chains of awaits. See py_coro.h. */
#include "py_coro.h"

#include "ceilings.h"
#include "error.h"
#include "py_object.h"
#include "walk.h"

/*
 * One object of the chain. *next is what it awaits, 0 at the end. Only the first decides
 * the state of the whole.
 */
static int walk_generator(struct decoder *decoder, uint64_t addr, enum kind kind,
			  struct stack *stack, struct coro *coro, uint64_t *next)
{
	const struct layout *l = decoder->layout;
	struct window w;
	struct frame frame;
	int status = window_read(&decoder->reader, addr, (size_t)l->gen.iframe, &w);
	if (status)
		return status;
	int64_t state = window_int(&w, (size_t)l->gen.frame_state, 1);
	*coro = (struct coro){.frame = addr + (uint64_t)l->gen.iframe};
	bool awaiting = state == l->fact.frame_suspended_yield_from ||
			(l->fact.frame_suspended_locked != LAYOUT_NONE &&
			 state == l->fact.frame_suspended_locked);
	if (state == l->fact.frame_executing)
		coro->state = CORO_EXECUTING;
	else if (state >= l->fact.frame_finished)
		coro->state = CORO_FINISHED;
	else if (state == l->fact.frame_created)
		coro->state = CORO_CREATED;
	else if (awaiting || state == l->fact.frame_suspended)
		coro->state = CORO_SUSPENDED;
	else
		return reader_corrupt(&decoder->reader, addr, "coroutine in no known state");
	/* An async generator at its own yield is awaited by nobody: a stale object led here. */
	if (coro->state == CORO_EXECUTING || coro->state == CORO_FINISHED ||
	    (kind == KIND_ASYNC_GENERATOR && !awaiting && coro->state == CORO_SUSPENDED))
		return 0;
	status = frame_read(decoder, coro->frame, &frame);
	if (status)
		return status;
	if (!frame.location)
		return reader_corrupt(&decoder->reader, addr, "coroutine without code");
	if (!array_push(stack, frame.location))
		return decoder_no_memory(decoder);
	return awaiting ? frame_awaited(decoder, &frame, next) : 0;
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
	enum kind kind;
	int status = reader_word(&decoder->reader, addr + (uint64_t)l->object.size, &inner);
	if (!status)
		status = object_kind(decoder, inner, &kind);
	if (status)
		return error_is_fatal(status) ? status : 0;
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
	if (is_generator(kind)) {
		struct coro inner;
		status = walk_generator(decoder, addr, kind, stack, &inner, next);
		if (first && !status)
			*coro = inner;
		else if (!status && inner.state == CORO_EXECUTING)
			status = reader_corrupt(&decoder->reader, addr,
						"running coroutine awaited by a suspended one");
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
		int status = walk_step(decoder, &walk, addr);
		if (!status)
			status = walk_awaited(decoder, addr, first, stack, ret, &next);
		if (status)
			return status;
	}
	return 0;
}
