/* SPDX-License-Identifier: MIT */
/* Frames of greenlets. See cpython/greenlet.h. */
#include "cpython/greenlet.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/locals.h"
#include "cpython/object.h"
#include "memory/walk.h"

#include <string.h>

/* Words of the C++ object that are looked through: the frame is among the first 26. */
#define GREENLET_WORDS 32

/* Whether the object is of the class greenlet.greenlet, or of one that Python derives from it. A
 * core without the extension's file has no name of a static type: then it may be one. */
static int is_greenlet(struct decoder *decoder, uint64_t addr, bool *ret)
{
	const struct type *type;
	int status = object_type(decoder, addr, &type);
	*ret = false;
	for (int i = 0; !status && !*ret && i < LIMIT_BASES; i++) {
		*ret = !type->full_name || !strcmp(type->full_name, "greenlet.greenlet");
		if (!type->base)
			break;
		status = type_get(decoder, type->base, &type);
	}
	return status;
}

/* The interpreter frame of a frame object, which is one itself up to 3.10. */
static int inner_frame(struct decoder *decoder, uint64_t object, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	*ret = object;
	if (l->frame.previous == LAYOUT_NONE)
		return 0;
	/* f_frame comes after f_back. */
	return reader_word(&decoder->reader,
			   object + (uint64_t)l->object.size + decoder->reader.word_size, ret);
}

/* The innermost frame of a greenlet, 0 if it has none: it runs, or has not begun. */
static int find_frame(struct decoder *decoder, uint64_t greenlet, uint64_t *ret)
{
	struct reader *reader = &decoder->reader;
	unsigned int word = reader->word_size;
	uint64_t inner, value, frame = 0;
	bool is_own = false;
	*ret = 0;
	/* Behind the list of weak references and the dict. */
	int status = reader_word(
		reader, greenlet + (uint64_t)decoder->layout->object.size + 2 * word, &inner);
	for (uint64_t i = 0; !status && i < GREENLET_WORDS; i++) {
		const struct type *type;
		status = reader_word(reader, inner + i * word, &value);
		is_own |= !status && value == greenlet;
		if (status || frame || !decoder_plausible(decoder, value))
			continue;
		status = object_guess_type(decoder, value, &type);
		if (!status && type && type->kind == KIND_FRAME)
			frame = value;
	}
	/* Else it is no greenlet of a version that is known. */
	if (status || !frame || !is_own)
		return status;
	return inner_frame(decoder, frame, ret);
}

static int walk_frames(struct decoder *decoder, uint64_t addr, struct coro_frames *ret)
{
	struct walk walk = walk_begin("frames of a greenlet", LIMIT_FRAMES);
	while (addr) {
		struct coro_frame item = {.object = 0};
		int status = walk_step(&decoder->reader, &walk, addr);
		if (!status)
			status = frame_read_any(decoder, addr, &item.frame);
		if (status)
			return status;
		if (item.frame.location && !array_push(ret, item))
			return decoder_no_memory(decoder);
		addr = item.frame.previous;
	}
	return 0;
}

int greenlet_frames(struct decoder *decoder, const struct frame *spawn, struct coro_frames *ret,
		    uint64_t *greenlet)
{
	uint64_t frame = 0;
	bool found = false;
	int status = locals_get(decoder, spawn, "context", greenlet);
	if (!status && *greenlet)
		status = is_greenlet(decoder, *greenlet, &found);
	if (!found)
		*greenlet = 0;
	if (!status && found)
		status = find_frame(decoder, *greenlet, &frame);
	return status ? status : walk_frames(decoder, frame, ret);
}
