/* SPDX-License-Identifier: MIT */
/* Calls of functions of C. See waits/calls.h. */
#include "waits/calls.h"

#include "asyncio/sync.h"
#include "base/error.h"
#include "cpython/callable.h"
#include "cpython/stack.h"

static int visit_called(struct decoder *decoder, const struct stack_value *value, void *arg)
{
	struct call *call = arg;
	struct callable callable;
	enum kind kind;
	int status = object_kind(decoder, value->value, &kind);
	if (status || (kind != KIND_CFUNCTION && kind != KIND_METHOD_DESCRIPTOR))
		return error_is_fatal(status) ? status : 0;
	status = callable_read(decoder, value->value, &callable);
	if (!status && callable.name)
		call->name = callable.name;
	return error_is_fatal(status) ? status : 0;
}

/* Where the depth of the stack is not known, what lies above the call is stale: the lowest that can
 * be called is the one, probably. */
int calls_read(struct decoder *decoder, uint64_t addr, struct call *ret)
{
	struct frame frame;
	bool exact = false;
	*ret = (struct call){.certainty = CERTAINTY_LIKELY};
	int status = frame_read_any(decoder, addr, &frame);
	if (!status)
		status = stack_visit(decoder, &frame, &exact, visit_called, ret);
	if (status) {
		*ret = (struct call){.certainty = CERTAINTY_LIKELY};
		return error_is_fatal(status) ? status : 0;
	}
	ret->certainty = exact ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY;
	ret->is_blocking = ret->name && sync_is_blocking(ret->name, frame.location);
	return 0;
}
