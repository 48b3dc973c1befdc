/* SPDX-License-Identifier: MIT */
/* Frame objects. See cpython/frameobject.h. */
#include "cpython/frameobject.h"

#include "base/error.h"
#include "cpython/object.h"

/* 3.10 keeps a state, and counts the stack. */
static enum frameobject_state read_state(const struct layout *l, const struct window *w,
					 struct frame *frame)
{
	int64_t state = window_int(w, (size_t)l->pyframe.state, 1);
	int64_t depth = window_int(w, (size_t)l->pyframe.stackdepth, 4);
	frame->stackpointer = window_word(w, (size_t)l->pyframe.valuestack) +
			      (uint64_t)depth * w->reader->word_size;
	if (state == l->fact.frame_created)
		return FRAMEOBJECT_CREATED;
	if (state == l->fact.frame_suspended)
		return FRAMEOBJECT_SUSPENDED;
	return state == l->fact.frame_executing ? FRAMEOBJECT_EXECUTING : FRAMEOBJECT_FINISHED;
}

/* 3.8 and 3.9 have flags: a frame without a stack pointer runs, or has ended. */
static enum frameobject_state read_flags(const struct layout *l, const struct window *w,
					 struct frame *frame)
{
	frame->stackpointer = window_word(w, (size_t)l->pyframe.stacktop);
	if (window_int(w, (size_t)l->pyframe.executing, 1))
		return FRAMEOBJECT_EXECUTING;
	if (!frame->stackpointer)
		return FRAMEOBJECT_FINISHED;
	return window_int(w, (size_t)l->pyframe.lasti, 4) < 0 ? FRAMEOBJECT_CREATED
							      : FRAMEOBJECT_SUSPENDED;
}

/* The name that a frame's generator has; codes have only short ones. */
static int read_qualname(struct decoder *decoder, uint64_t gen, uint64_t *ret)
{
	if (!gen)
		return 0;
	int status = reader_word(&decoder->reader, gen + (uint64_t)decoder->layout->gen.qualname,
				 ret);
	return error_is_fatal(status) ? status : 0;
}

int frameobject_read(struct decoder *decoder, uint64_t addr, uint64_t qualname, struct frame *ret,
		     enum frameobject_state *state)
{
	const struct layout *l = decoder->layout;
	struct window w;
	struct code *code;
	if (!decoder_plausible(decoder, addr))
		return reader_corrupt(&decoder->reader, addr, "not a frame");
	int status = window_read(&decoder->reader, addr, (size_t)l->pyframe.size, &w);
	if (status)
		return status;
	*ret = (struct frame){.addr = addr, .depth = -1};
	ret->previous = window_word(&w, (size_t)l->pyframe.back);
	ret->stack = window_word(&w, (size_t)l->pyframe.valuestack);
	bool has_state = l->pyframe.state != LAYOUT_NONE;
	*state = has_state ? read_state(l, &w, ret) : read_flags(l, &w, ret);
	status = code_get(decoder, window_word(&w, (size_t)l->pyframe.code), &code);
	if (!status && !qualname)
		status = read_qualname(decoder, window_word(&w, (size_t)l->pyframe.gen), &qualname);
	if (status)
		return status;
	frame_set_places(decoder, ret, code, addr + (uint64_t)l->pyframe.localsplus, ret->stack);
	/* The index of a code unit in 3.10, of a byte before; -1 if it has not begun. */
	int64_t lasti = window_int(&w, (size_t)l->pyframe.lasti, 4);
	int64_t unit = has_state ? lasti : lasti / 2;
	return location_get(decoder, code, lasti < 0 ? UNIT_START : (uint32_t)unit, qualname,
			    &ret->location);
}
