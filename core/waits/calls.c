/* SPDX-License-Identifier: MIT */
/* Calls of functions of C. See waits/calls.h. */
#include "waits/calls.h"

#include "asyncio/sync.h"
#include "base/error.h"
#include "cpython/callable.h"
#include "cpython/stack.h"

#include <string.h>

struct called {
	const char *name;
	/* The depth of the stack is known. */
	bool exact;
};

/* The topmost that can be called is the one. Where the depth is not known, what lies above the call
 * is stale: it is the lowest, probably, unless a with keeps that for its end. */
static int visit_called(struct decoder *decoder, const struct stack_value *value, void *arg)
{
	struct called *called = arg;
	struct callable callable;
	enum kind kind;
	if (called->name && !called->exact)
		return 0;
	int status = object_kind(decoder, value->value, &kind);
	if (status || (kind != KIND_CFUNCTION && kind != KIND_METHOD_DESCRIPTOR))
		return error_is_fatal(status) ? status : 0;
	status = callable_read(decoder, value->value, &callable);
	if (!status && callable.name && (called->exact || strcmp(callable.name, "__exit__") != 0))
		called->name = callable.name;
	return error_is_fatal(status) ? status : 0;
}

int calls_read(struct decoder *decoder, uint64_t addr, struct call *ret)
{
	struct frame frame;
	struct called called = {0};
	*ret = (struct call){.certainty = CERTAINTY_LIKELY};
	int status = frame_read_any(decoder, addr, &frame);
	if (!status)
		status = stack_visit(decoder, &frame, &called.exact, visit_called, &called);
	if (status)
		return error_is_fatal(status) ? status : 0;
	ret->name = called.name;
	ret->certainty = called.exact ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY;
	ret->is_blocking = ret->name && sync_is_blocking(ret->name, frame.location);
	return 0;
}
