/* SPDX-License-Identifier: MIT */
/* What a running coroutine has resumed. See cpython/resumed.h. */
#include "cpython/resumed.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/compiled.h"
#include "cpython/object.h"
#include "cpython/stack.h"
#include "memory/walk.h"

struct search {
	const struct frame *frame;
	struct stack *compiled;
	uint64_t found;
};

static bool is_wrapper(enum kind kind)
{
	return kind == KIND_ASEND || kind == KIND_ATHROW || kind == KIND_CORO_WRAPPER ||
	       kind == KIND_ANEXT;
}

static bool is_generator(enum kind kind)
{
	return kind == KIND_COROUTINE || kind == KIND_GENERATOR || kind == KIND_ASYNC_GENERATOR;
}

/* A generator that runs, called by the frame that the search began with. */
static int see_generator(struct decoder *decoder, uint64_t addr, struct search *search)
{
	enum coro_state state;
	struct frame frame;
	int status = coro_frame(decoder, addr, &state, &frame);
	if (!status && state == CORO_EXECUTING && frame.location &&
	    frame.previous == search->frame->addr)
		search->found = frame.addr;
	return status;
}

/* One object of the chain; *next is 0 at the end. */
static int see_object(struct decoder *decoder, uint64_t addr, struct search *search, uint64_t *next)
{
	const struct type *type;
	struct compiled compiled;
	*next = 0;
	int status = object_type(decoder, addr, &type);
	if (status)
		return status;
	if (is_generator(type->kind))
		return see_generator(decoder, addr, search);
	if (type->kind != KIND_OTHER && !is_wrapper(type->kind))
		return 0;
	/* Cython's wrappers may have the names of CPython's, which begin alike. */
	if (is_wrapper(type->kind))
		return reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->object.size,
				   next);
	status = compiled_read(decoder, addr, type, &compiled);
	if (status || compiled.role == COMPILED_NOT)
		return status;
	if (compiled.role == COMPILED_GENERATOR && compiled.state != CORO_EXECUTING)
		return 0;
	*next = compiled.awaited;
	bool pushed = compiled.role != COMPILED_GENERATOR ||
		      array_push(search->compiled, compiled.location);
	if (pushed && compiled.unknown)
		pushed = array_push(search->compiled, compiled.unknown);
	return pushed ? 0 : decoder_no_memory(decoder);
}

static int see_value(struct decoder *decoder, const struct stack_value *value, void *arg)
{
	struct search *search = arg;
	size_t before = search->compiled->count;
	uint64_t next, addr = value->value;
	struct walk walk = walk_begin("coroutines that run", LIMIT_FRAMES);
	int status = 0;
	/* One of the values has been resumed: the others are none that run. */
	if (search->found || before)
		return 0;
	for (; !status && addr; addr = next) {
		status = walk_step(&decoder->reader, &walk, addr);
		if (!status)
			status = see_object(decoder, addr, search, &next);
	}
	return error_is_fatal(status) ? status : 0;
}

int resumed_read(struct decoder *decoder, const struct frame *frame, struct stack *compiled,
		 uint64_t *ret)
{
	struct search search = {.frame = frame, .compiled = compiled};
	bool exact;
	uint64_t missing_count = decoder->missing_count;
	int status = stack_visit(decoder, frame, &exact, see_value, &search);
	/* What is left from before on the stack may be anything. */
	decoder->missing_count = missing_count;
	*ret = search.found;
	return error_is_fatal(status) ? status : 0;
}
