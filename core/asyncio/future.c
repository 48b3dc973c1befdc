/* SPDX-License-Identifier: MIT */
/* Futures and tasks. See asyncio/future.h. */
#include "asyncio/future.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/text.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/set.h"
#include "cpython/str.h"

#include <string.h>

static enum future_state native_state(const struct layout *l, int64_t state)
{
	if (state == l->fact.state_pending)
		return FUTURE_PENDING;
	if (state == l->fact.state_cancelled)
		return FUTURE_CANCELLED;
	if (state == l->fact.state_finished)
		return FUTURE_FINISHED;
	return FUTURE_STATE_UNKNOWN;
}

static int read_native(struct decoder *decoder, struct future *f)
{
	const struct layout *l = decoder->layout;
	struct window w;
	int status = window_read(&decoder->reader, f->addr,
				 (size_t)(f->is_task ? l->task.size : l->future.size), &w);
	if (status)
		return status;
	f->loop = window_word(&w, (size_t)l->future.loop);
	f->callback0 = window_word(&w, (size_t)l->future.callback0);
	f->callbacks = window_word(&w, (size_t)l->future.callbacks);
	f->state = native_state(l, window_int(&w, (size_t)l->future.state, 4));
	if (l->future.awaited_by != LAYOUT_NONE) {
		f->awaited_by = window_word(&w, (size_t)l->future.awaited_by);
		f->awaited_by_is_set = window_uint(&w, (size_t)l->future.awaited_by_is_set, 1);
	}
	if (f->is_task) {
		f->coro = window_word(&w, (size_t)l->task.coro);
		f->name = window_word(&w, (size_t)l->task.name);
		f->fut_waiter = window_word(&w, (size_t)l->task.fut_waiter);
		f->must_cancel = window_bits(&w, LAYOUT_BITS_OFFSET(l->task.must_cancel),
					     LAYOUT_BITS_WIDTH(l->task.must_cancel));
		f->cancel_requests = -1;
		if (l->task.cancel_requests != LAYOUT_NONE)
			f->cancel_requests = (int32_t)window_int(
				&w, (size_t)l->task.cancel_requests, 4);
	}
	if (f->state == FUTURE_STATE_UNKNOWN)
		return reader_corrupt(&decoder->reader, f->addr, "future in no known state");
	return 0;
}

/* Attributes of the classes in Python. Those that still have the class's value are not
 * in the instance. */
enum {
	ATTR_CORO,
	ATTR_LOOP,
	ATTR_CALLBACKS,
	ATTR_STATE,
	ATTR_NAME,
	ATTR_WAITER,
	ATTR_MUST_CANCEL,
	ATTR_CANCEL_REQUESTS,
	ATTR_AWAITED_BY,
	ATTR_COUNT
};

static const char *const attr_names[ATTR_COUNT] = {
	[ATTR_CORO] = "_coro",
	[ATTR_LOOP] = "_loop",
	[ATTR_CALLBACKS] = "_callbacks",
	[ATTR_STATE] = "_state",
	[ATTR_NAME] = "_name",
	[ATTR_WAITER] = "_fut_waiter",
	[ATTR_MUST_CANCEL] = "_must_cancel",
	[ATTR_CANCEL_REQUESTS] = "_num_cancels_requested",
	[ATTR_AWAITED_BY] = "_Future__asyncio_awaited_by",
};

/* The attribute's value if it is of that kind, else 0: most may be None. */
static int value_of_kind(struct decoder *decoder, uint64_t value, enum kind kind, uint64_t *ret)
{
	enum kind found = KIND_OTHER;
	int status = value ? object_kind(decoder, value, &found) : 0;
	*ret = found == kind ? value : 0;
	return status;
}

static int python_state(struct decoder *decoder, uint64_t value, enum future_state *ret)
{
	bool finished = false, cancelled = false;
	int status = 0;
	if (value)
		status = str_equals(decoder, value, "FINISHED", &finished);
	if (value && !status)
		status = str_equals(decoder, value, "CANCELLED", &cancelled);
	*ret = finished ? FUTURE_FINISHED : cancelled ? FUTURE_CANCELLED : FUTURE_PENDING;
	return status;
}

static int read_python(struct decoder *decoder, struct future *f)
{
	struct attr attrs[ATTR_COUNT];
	int64_t must_cancel = 0, cancel_requests = 0;
	uint64_t number;
	for (size_t i = 0; i < ATTR_COUNT; i++)
		attrs[i].name = attr_names[i];
	int status = attrs_get(decoder, f->addr, attrs, ATTR_COUNT);
	if (status)
		return status;
	f->is_task = attrs[ATTR_CORO].value;
	f->coro = attrs[ATTR_CORO].value;
	f->loop = attrs[ATTR_LOOP].value;
	f->name = attrs[ATTR_NAME].value;
	f->awaited_by_is_set = true;
	status = python_state(decoder, attrs[ATTR_STATE].value, &f->state);
	if (!status)
		status = value_of_kind(decoder, attrs[ATTR_CALLBACKS].value, KIND_LIST,
				       &f->callbacks);
	if (!status)
		status = value_of_kind(decoder, attrs[ATTR_AWAITED_BY].value, KIND_SET,
				       &f->awaited_by);
	if (!status)
		status = value_of_kind(decoder, attrs[ATTR_MUST_CANCEL].value, KIND_INT, &number);
	if (!status && number)
		status = int_read(decoder, number, &must_cancel);
	if (!status)
		status = value_of_kind(decoder, attrs[ATTR_CANCEL_REQUESTS].value, KIND_INT,
				       &number);
	if (!status && number)
		status = int_read(decoder, number, &cancel_requests);
	f->must_cancel = must_cancel;
	f->cancel_requests = (int32_t)cancel_requests;
	enum kind waiter = KIND_NONE;
	if (!status && attrs[ATTR_WAITER].value)
		status = object_kind(decoder, attrs[ATTR_WAITER].value, &waiter);
	if (waiter != KIND_NONE)
		f->fut_waiter = attrs[ATTR_WAITER].value;
	return status;
}

int future_read(struct decoder *decoder, uint64_t addr, enum future_expected expected,
		struct future *ret)
{
	*ret = (struct future){.addr = addr};
	int status = object_type(decoder, addr, &ret->type);
	if (status)
		return status;
	enum kind kind = ret->type->kind;
	if (expected == EXPECT_NATIVE_TASK) {
		/* A class whose name is missing in a core must at least be large enough. */
		bool unnamed = !ret->type->name &&
			       ret->type->basicsize >= decoder->layout->task.size;
		if (kind != KIND_TASK && !(kind == KIND_OTHER && unnamed))
			return reader_corrupt(&decoder->reader, addr, "not a task");
		ret->is_task = true;
		return read_native(decoder, ret);
	}
	ret->is_task = kind == KIND_TASK;
	if (kind == KIND_TASK || kind == KIND_FUTURE)
		return read_native(decoder, ret);
	if (kind != KIND_OTHER)
		return reader_corrupt(&decoder->reader, addr, "neither a task nor a future");
	ret->is_python = true;
	status = read_python(decoder, ret);
	if (expected == EXPECT_TASK)
		ret->is_task = true;
	if (!status && !ret->is_task && !ret->callbacks)
		return reader_corrupt(&decoder->reader, addr, "neither a task nor a future");
	return status;
}

static int read_python_outcome(struct decoder *decoder, uint64_t addr, struct future_outcome *ret)
{
	struct attr attrs[] = {
		{.name = "_result"},	     {.name = "_exception"},
		{.name = "_cancel_message"}, {.name = "_source_traceback"},
		{.name = "_context"},	     {.name = "_Future__log_traceback"},
		{.name = "_cancelled_exc"},
	};
	int64_t unasked = 0;
	int status = attrs_get(decoder, addr, attrs, sizeof(attrs) / sizeof(attrs[0]));
	if (status)
		return status;
	if (attrs[5].value)
		status = int_read(decoder, attrs[5].value, &unasked);
	*ret = (struct future_outcome){
		.result = attrs[0].value,
		.exception = attrs[1].value,
		.cancel_message = attrs[2].value,
		.source_traceback = attrs[3].value,
		.context = attrs[4].value,
		.cancelled_exception = attrs[6].value,
		.is_unasked = unasked != 0,
	};
	return status;
}

static uint64_t optional_word(const struct window *w, int32_t offset)
{
	return offset == LAYOUT_NONE ? 0 : window_word(w, (size_t)offset);
}

static int drop_none(struct decoder *decoder, uint64_t *value)
{
	enum kind kind = KIND_OTHER;
	int status = *value ? object_kind(decoder, *value, &kind) : 0;
	if (kind == KIND_NONE)
		*value = 0;
	return status;
}

int future_read_outcome(struct decoder *decoder, const struct future *future,
			struct future_outcome *ret)
{
	const struct layout *l = decoder->layout;
	struct window w;
	int status;
	*ret = (struct future_outcome){0};
	if (future->is_python) {
		status = read_python_outcome(decoder, future->addr, ret);
	} else {
		int32_t size = future->is_task ? l->task.size : l->future.size;
		status = window_read(&decoder->reader, future->addr, (size_t)size, &w);
		ret->result = window_word(&w, (size_t)l->future.result);
		ret->exception = window_word(&w, (size_t)l->future.exception);
		ret->cancel_message = optional_word(&w, l->future.cancel_message);
		ret->cancelled_exception = optional_word(&w, l->future.cancelled_exception);
		ret->cancelled_traceback = optional_word(&w, l->future.cancelled_traceback);
		ret->source_traceback = window_word(&w, (size_t)l->future.source_tb);
		if (future->is_task)
			ret->context = window_word(&w, (size_t)l->task.context);
		ret->is_unasked = window_bits(&w, LAYOUT_BITS_OFFSET(l->future.log_traceback),
					      LAYOUT_BITS_WIDTH(l->future.log_traceback)) != 0;
	}
	/* A result may well be None. */
	if (!status)
		status = drop_none(decoder, &ret->exception);
	if (!status)
		status = drop_none(decoder, &ret->cancel_message);
	if (!status)
		status = drop_none(decoder, &ret->source_traceback);
	if (!status)
		status = drop_none(decoder, &ret->cancelled_exception);
	if (!status)
		status = drop_none(decoder, &ret->cancelled_traceback);
	ret->is_unasked |= ret->cancelled_exception != 0;
	return status;
}

int future_name(struct decoder *decoder, const struct future *task, const char **ret)
{
	const struct type *type;
	*ret = NULL;
	if (!task->name)
		return 0;
	int status = object_type(decoder, task->name, &type);
	if (status || type->kind == KIND_NONE)
		return status;
	if (type->kind != KIND_INT)
		return str_read_shown(decoder, task->name, ret);
	/* From 3.12 on a default name is just its number until somebody asks for it. */
	int64_t number;
	char name[8 + TEXT_NUMBER_MAX] = "Task-";
	size_t len = strlen("Task-");
	status = int_read(decoder, task->name, &number);
	if (status)
		return status;
	if (number < 0)
		name[len++] = '-';
	len += text_decimal(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, name + len);
	*ret = arena_string(decoder->arena, name, len);
	return *ret ? 0 : decoder_no_memory(decoder);
}

int future_visit_awaited_by(struct decoder *decoder, const struct future *future,
			    sequence_visit_fn *visit, void *arg)
{
	if (!future->awaited_by)
		return 0;
	if (future->awaited_by_is_set)
		return set_visit(decoder, future->awaited_by, visit, arg);
	return visit(decoder, future->awaited_by, arg);
}

struct callback_visitor {
	sequence_visit_fn *visit;
	void *arg;
	/* Pairs that cannot be read do not cost the others. */
	unsigned int bad;
	struct aiodbg_error error;
};

static int visit_pair(struct decoder *decoder, uint64_t item, void *arg)
{
	struct callback_visitor *visitor = arg;
	uint64_t callback;
	int status = tuple_item(decoder, item, 0, &callback);
	if (!status)
		return visitor->visit(decoder, callback, visitor->arg);
	if (error_is_fatal(status) || visitor->bad == LIMIT_BAD_AWAITERS)
		return status;
	if (visitor->bad++ == 0)
		visitor->error = decoder->reader.error;
	return 0;
}

int future_visit_callbacks(struct decoder *decoder, const struct future *future,
			   sequence_visit_fn *visit, void *arg)
{
	struct callback_visitor visitor = {.visit = visit, .arg = arg};
	int status = 0;
	if (future->callback0)
		status = visit(decoder, future->callback0, arg);
	if (status || !future->callbacks)
		return status;
	status = sequence_visit(decoder, future->callbacks, visit_pair, &visitor);
	if (status || !visitor.bad)
		return status;
	decoder->reader.error = visitor.error;
	return visitor.error.code;
}
