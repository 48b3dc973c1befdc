/* SPDX-License-Identifier: MIT */
/* Local variables. See snapshot/frame_locals.h. */
#include "snapshot/frame_locals.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/locals.h"
#include "cpython/repr.h"
#include "cpython/str.h"

ARRAY(local_list, struct local_value);

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct local_list *list = arg;
	struct local_value value;
	if (!local->value || list->count == LIMIT_LOCALS_SHOWN)
		return 0;
	int status = str_read(decoder, local->name, &value.name);
	if (!status)
		status = repr_read_brief(decoder, value.name, local->value, &value.value);
	if (status)
		return error_is_fatal(status) ? status : 0;
	return array_push(list, value) ? 0 : decoder_no_memory(decoder);
}

static int read_frame(struct decoder *decoder, uint64_t addr, struct local_values *ret)
{
	struct local_list list = {0};
	struct frame frame;
	int status = frame_read_any(decoder, addr, &frame);
	if (!status)
		status = locals_visit(decoder, &frame, visit_local, &list);
	if (!error_is_fatal(status) && list.count) {
		ret->items = arena_copy(decoder->arena, list.items,
					list.count * sizeof(*list.items));
		ret->count = ret->items ? list.count : 0;
		status = ret->items ? 0 : decoder_no_memory(decoder);
	}
	array_deinit(&list);
	return error_is_fatal(status) ? status : 0;
}

int frame_locals_read(struct decoder *decoder, const struct thread_frames *frames,
		      const struct location *const *stack, size_t depth, struct local_values *ret)
{
	size_t next = 0;
	int status = 0;
	for (size_t i = 0; !status && i < depth && i < LIMIT_FRAMES_WITH_LOCALS; i++) {
		size_t at = next;
		while (at < frames->count && frames->items[at].location != stack[i])
			at++;
		if (at == frames->count)
			continue;
		next = at + 1;
		status = read_frame(decoder, frames->items[at].addr, &ret[i]);
	}
	return status;
}
