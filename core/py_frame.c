/* SPDX-License-Identifier: MIT */
/* Frames. See py_frame.h. */
#include "py_frame.h"

#include "error.h"
#include "py_object.h"

/* The unit that the frame is at, if the instruction pointer lies in the code. */
static bool frame_unit(const struct code *code, uint64_t instr_ptr, uint32_t *ret)
{
	uint64_t distance = instr_ptr - code->instructions;
	*ret = (uint32_t)(distance / 2);
	return instr_ptr >= code->instructions && distance / 2 < UINT32_MAX;
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
	*ret = (struct frame){
		.addr = addr,
		.previous = window_word(&w, (size_t)l->frame.previous),
		.stackpointer = window_word(&w, (size_t)l->frame.stackpointer),
		.owner = (uint8_t)window_uint(&w, (size_t)l->frame.owner, 1),
	};
	if (ret->owner >= l->fact.owner_shim)
		return 0;

	uint64_t executable = decoder_untag(decoder, window_word(&w, (size_t)l->frame.executable));
	enum kind kind = KIND_OTHER;
	if (executable)
		status = object_kind(decoder, executable, &kind);
	if (status)
		return status;
	/* Shims have None there. A frame that is being pushed may have what the one
	 * before it had, which then is not this frame's. */
	if (kind != KIND_CODE)
		return 0;
	struct code *code;
	status = code_get(decoder, executable, &code);
	if (status)
		return status;
	uint32_t unit;
	bool inside = frame_unit(code, window_word(&w, (size_t)l->frame.instr_ptr), &unit);
	if (ret->owner != l->fact.owner_generator &&
	    (!inside || (int64_t)unit < code->firsttraceable))
		return 0;
	/* A pointer outside yields a place without a line, not the wrong one. */
	return location_get(decoder, code, inside ? unit : UINT32_MAX, &ret->location);
}

int frame_awaited(struct decoder *decoder, const struct frame *frame, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	unsigned int word = decoder->reader.word_size;
	uint64_t stack = frame->addr + (uint64_t)l->frame.localsplus;
	uint64_t end = frame->addr + (uint64_t)frame->location->code->framesize * word;
	uint64_t slot = frame->stackpointer - (uint64_t)l->fact.awaited_slot * word;
	*ret = 0;
	if (frame->location->code->framesize < 0 || frame->stackpointer > end ||
	    frame->stackpointer < stack || slot < stack || slot % word)
		return reader_corrupt(&decoder->reader, frame->addr,
				      "frame with a bad stack pointer");
	uint64_t reference;
	int status = reader_word(&decoder->reader, slot, &reference);
	if (!status)
		*ret = decoder_untag(decoder, reference);
	return status;
}
