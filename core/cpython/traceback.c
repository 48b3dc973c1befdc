/* SPDX-License-Identifier: MIT */
/* Tracebacks. See cpython/traceback.h. */
#include "cpython/traceback.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/frameobject.h"
#include "cpython/object.h"

/* Exceptions that led to one: as many are followed. */
#define EXCEPTIONS_MAX 16

static int read_ended(struct decoder *decoder, uint64_t object, struct frame *frame, bool *ended)
{
	const struct layout *l = decoder->layout;
	enum frameobject_state state;
	enum kind kind;
	uint64_t addr;
	*ended = false;
	int status = object_kind(decoder, object, &kind);
	if (status || kind != KIND_FRAME)
		return status;
	if (l->pyframe.frame == LAYOUT_NONE) {
		status = frameobject_read(decoder, object, 0, frame, &state);
		*ended = !status && state == FRAMEOBJECT_FINISHED;
		return status;
	}
	status = reader_word(&decoder->reader, object + (uint64_t)l->pyframe.frame, &addr);
	if (!status)
		status = frame_read(decoder, addr, frame);
	*ended = !status && frame->location && frame->owner == l->fact.owner_object;
	return status;
}

int traceback_visit_frames(struct decoder *decoder, uint64_t traceback, traceback_visit_fn *visit,
			   void *arg)
{
	const struct layout *l = decoder->layout;
	struct window w;
	for (size_t i = 0; traceback && i < LIMIT_TRACEBACK; i++) {
		struct frame frame;
		bool ended;
		int status = work_step(&decoder->reader.work);
		if (!status)
			status = window_read(&decoder->reader, traceback, (size_t)l->traceback.size,
					     &w);
		if (status)
			return status;
		uint64_t object = window_word(&w, (size_t)l->traceback.frame);
		status = read_ended(decoder, object, &frame, &ended);
		if (!status && ended)
			status = visit(decoder, object, &frame, arg);
		if (status)
			return status;
		traceback = window_word(&w, (size_t)l->traceback.next);
	}
	return 0;
}

/* It is NULL, or not yet among those that are to be looked at. */
static void add_exception(uint64_t exception, uint64_t *found, size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		if (found[i] == exception)
			return;
	}
	if (exception && *count < EXCEPTIONS_MAX)
		found[(*count)++] = exception;
}

int exception_visit_frames(struct decoder *decoder, uint64_t exception, traceback_visit_fn *visit,
			   void *arg)
{
	const struct layout *l = decoder->layout;
	uint64_t found[EXCEPTIONS_MAX] = {exception};
	size_t count = 1;
	for (size_t i = 0; i < count; i++) {
		struct window w;
		int status = object_expect(decoder, found[i], KIND_EXCEPTION, "exception");
		if (!status)
			status = window_read(&decoder->reader, found[i], (size_t)l->exception.size,
					     &w);
		if (!status)
			status = traceback_visit_frames(
				decoder, window_word(&w, (size_t)l->exception.traceback), visit,
				arg);
		if (status)
			return status;
		add_exception(window_word(&w, (size_t)l->exception.cause), found, &count);
		add_exception(window_word(&w, (size_t)l->exception.context), found, &count);
	}
	return 0;
}
