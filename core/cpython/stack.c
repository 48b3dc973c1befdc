/* SPDX-License-Identifier: MIT */
/* Value stacks. See cpython/stack.h. */
#include "cpython/stack.h"

#include "base/ceilings.h"
#include "base/error.h"

static uint64_t room(const struct frame *frame)
{
	int32_t size = frame->location ? frame->location->code->stacksize : 0;
	if (!frame->values || size < 0)
		return 0;
	return size > LIMIT_STACK_VALUES ? LIMIT_STACK_VALUES : (uint64_t)size;
}

int stack_visit(struct decoder *decoder, const struct frame *frame, bool *exact,
		stack_visit_fn *visit, void *arg)
{
	struct reader *reader = &decoder->reader;
	uint64_t count = room(frame);
	*exact = frame->depth >= 0;
	if (*exact && (uint64_t)frame->depth < count)
		count = (uint64_t)frame->depth;
	for (uint64_t i = 0; i < count; i++) {
		struct stack_value value = {
			.index = i,
			.addr = frame->values + i * reader->word_size,
		};
		uint64_t word;
		int status = work_step(&reader->work);
		if (!status)
			status = reader_word(reader, value.addr, &word);
		if (status)
			return status;
		value.value = decoder_untag(decoder, word);
		value.borrowed = value.value != word;
		if (value.value)
			status = visit(decoder, &value, arg);
		if (status)
			return status;
	}
	return 0;
}

int stack_get(struct decoder *decoder, const struct frame *frame, uint64_t index, uint64_t *ret)
{
	uint64_t word;
	*ret = 0;
	if (index >= room(frame))
		return reader_corrupt(&decoder->reader, frame->addr, "frame with a smaller stack");
	int status = reader_word(&decoder->reader,
				 frame->values + index * decoder->reader.word_size, &word);
	if (!status)
		*ret = decoder_untag(decoder, word);
	return status;
}
