/* SPDX-License-Identifier: MIT */
/* Frames. See cpython/frame.h. */
#include "cpython/frame.h"

#include "base/error.h"
#include "cpython/frameobject.h"
#include "cpython/object.h"

/* Bytes of a code unit: an opcode and its argument. */
#define UNIT_SIZE 2

/*
 * Where the instructions are that a frame's pointer points into: in a free-threaded build
 * each thread has its own copy, which the frame names by number. The table of copies
 * (_PyCodeArray) has their count first.
 */
static int find_instructions(struct decoder *decoder, const struct window *w,
			     const struct code *code, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	unsigned int word = decoder->reader.word_size;
	uint64_t count, copy = 0;
	*ret = code->instructions;
	if (l->frame.tlbc_index == LAYOUT_NONE || !code->copies)
		return 0;
	int64_t index = window_int(w, (size_t)l->frame.tlbc_index, 4);
	int status = reader_word(&decoder->reader, code->copies, &count);
	if (!status && (index < 0 || (uint64_t)index >= count))
		return 0;
	if (!status)
		status = reader_word(&decoder->reader, code->copies + (1 + (uint64_t)index) * word,
				     &copy);
	if (copy)
		*ret = copy;
	return decoder_go_on(decoder, status);
}

/* The unit that a frame is at. Up to 3.12 the pointer is to the one before the first if
 * the frame has not begun. */
static uint32_t frame_unit(uint64_t instructions, uint64_t instr_ptr)
{
	uint64_t distance = instr_ptr - instructions;
	if (instr_ptr == instructions - UNIT_SIZE)
		return UNIT_START;
	if (instr_ptr < instructions || distance / UNIT_SIZE >= UNIT_UNKNOWN)
		return UNIT_UNKNOWN;
	return (uint32_t)(distance / UNIT_SIZE);
}

/* A frame that is being pushed is not yet at the first instruction that users see. */
static bool is_incomplete(const struct layout *l, const struct frame *frame,
			  const struct code *code, uint32_t unit)
{
	if (frame->owner == l->fact.owner_generator)
		return false;
	return unit >= UNIT_UNKNOWN || (int64_t)unit < code->firsttraceable;
}

/* Where the stack ends, by the version's own way of saying so. */
static uint64_t read_stackpointer(const struct layout *l, const struct window *w, uint64_t stack)
{
	if (l->frame.stackpointer != LAYOUT_NONE)
		return window_word(w, (size_t)l->frame.stackpointer);
	/* It is -1 while the frame runs. */
	int64_t top = window_int(w, (size_t)l->frame.stacktop, 4);
	return top < 0 ? 0 : stack + (uint64_t)top * w->reader->word_size;
}

void frame_set_places(const struct decoder *decoder, struct frame *frame, const struct code *code,
		      uint64_t locals, uint64_t values)
{
	unsigned int word = decoder->reader.word_size;
	uint64_t count = code->locals > 0 ? (uint64_t)code->locals : 0;
	uint64_t room = code->stacksize > 0 ? (uint64_t)code->stacksize : 0;
	frame->locals = locals;
	frame->values = values ? values : locals + count * word;
	frame->depth = -1;
	uint64_t distance = frame->stackpointer - frame->values;
	if (frame->stackpointer && frame->stackpointer >= frame->values && distance % word == 0 &&
	    distance / word <= room)
		frame->depth = (int64_t)(distance / word);
}

/* What a frame runs; NULL if that is no code. Shims have None there. A frame that is being pushed may
 * have what the one before it had, which then is not this frame's. */
static int read_code(struct decoder *decoder, uint64_t executable, struct code **ret)
{
	enum kind kind;
	*ret = executable ? code_recent(decoder, executable) : NULL;
	if (*ret || !executable)
		return 0;
	int status = object_kind(decoder, executable, &kind);
	if (status || kind != KIND_CODE)
		return status;
	return code_get(decoder, executable, ret);
}

int frame_read(struct decoder *decoder, uint64_t addr, struct frame *ret)
{
	const struct layout *l = decoder->layout;
	struct window w;
	if (!decoder_plausible(decoder, addr))
		return reader_corrupt(&decoder->reader, addr, "not a frame");
	int status = window_read(&decoder->reader, addr, (size_t)l->frame.localsplus, &w);
	if (status)
		return status;
	*ret = (struct frame){.addr = addr, .depth = -1};
	ret->previous = window_word(&w, (size_t)l->frame.previous);
	ret->stack = addr + (uint64_t)l->frame.localsplus;
	ret->stackpointer = read_stackpointer(l, &w, ret->stack);
	ret->owner = (uint8_t)window_uint(&w, (size_t)l->frame.owner, 1);
	if (l->fact.owner_shim != LAYOUT_NONE && ret->owner >= l->fact.owner_shim)
		return 0;

	struct code *code;
	status = read_code(decoder,
			   decoder_untag(decoder, window_word(&w, (size_t)l->frame.executable)),
			   &code);
	if (status || !code)
		return status;
	frame_set_places(decoder, ret, code, ret->stack, 0);
	uint64_t instructions;
	status = find_instructions(decoder, &w, code, &instructions);
	if (status)
		return status;
	uint32_t unit = frame_unit(instructions, window_word(&w, (size_t)l->frame.instr_ptr));
	if (is_incomplete(l, ret, code, unit))
		return 0;
	return location_get(decoder, code, unit, 0, &ret->location);
}

int frame_read_any(struct decoder *decoder, uint64_t addr, struct frame *ret)
{
	enum frameobject_state state;
	if (decoder->layout->frame.previous != LAYOUT_NONE)
		return frame_read(decoder, addr, ret);
	return frameobject_read(decoder, addr, 0, ret, &state);
}

int frame_awaited(struct decoder *decoder, const struct frame *frame, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	unsigned int word = decoder->reader.word_size;
	int64_t slots = frame->location->code->slots;
	uint64_t end = frame->stack + (uint64_t)slots * word;
	uint64_t slot = frame->stackpointer - (uint64_t)l->fact.awaited_slot * word;
	*ret = 0;
	if (slots < 0 || frame->stackpointer > end || frame->stackpointer < frame->stack ||
	    slot < frame->stack || slot % word)
		return reader_corrupt(&decoder->reader, frame->addr,
				      "frame with a bad stack pointer");
	uint64_t reference;
	int status = reader_word(&decoder->reader, slot, &reference);
	if (!status)
		*ret = decoder_untag(decoder, reference);
	return status;
}

int frame_is_awaiting(struct decoder *decoder, const struct frame *frame, bool *ret)
{
	const struct layout *l = decoder->layout;
	const struct location *location = frame->location;
	uint8_t next[UNIT_SIZE];
	*ret = false;
	if (location->unit >= UNIT_UNKNOWN)
		return 0;
	int status = reader_read(&decoder->reader,
				 location->code->instructions +
					 ((uint64_t)location->unit + 1) * UNIT_SIZE,
				 next, sizeof(next));
	if (l->fact.resume_argument == 1)
		*ret = (next[1] & 3) >= 2;
	else
		*ret = next[0] == l->fact.opcode_yield_from;
	return status;
}
