/* SPDX-License-Identifier: MIT */
/* Handles. See asyncio/handle.h. */
#include "asyncio/handle.h"

#include "asyncio/sync.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/float.h"
#include "cpython/int.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

#include <string.h>

/* Where a function's task or future is. */
enum from {
	FROM_NOTHING,
	/* The first argument is a future. */
	FROM_FUTURE,
	/* It is a method of a task; or of an object that has one as an attribute. */
	FROM_SELF,
	FROM_ATTRIBUTE,
};

static const struct row {
	const char *function, *file;
	enum handle_kind kind;
	enum from from;
	const char *attribute;
} rows[] = {
	{"_set_result_unless_cancelled", "asyncio/futures.py", HANDLE_ENDS_SLEEP, FROM_FUTURE,
	 NULL},
	{"_release_waiter", "asyncio/tasks.py", HANDLE_ENDS_WAIT, FROM_FUTURE, NULL},
	{"_on_timeout", "asyncio/timeouts.py", HANDLE_TIMES_OUT, FROM_ATTRIBUTE, "_task"},
	{"_timeout", "anyio/_backends/_asyncio.py", HANDLE_TIMES_OUT, FROM_ATTRIBUTE, "_host_task"},
	{"__step", "asyncio/tasks.py", HANDLE_STEP, FROM_SELF, NULL},
	{"__wakeup", "asyncio/tasks.py", HANDLE_WAKES, FROM_SELF, NULL},
	{"_read_from_self", "asyncio/selector_events.py", HANDLE_SELF_PIPE, FROM_NOTHING, NULL},
	{"_accept_connection", "asyncio/selector_events.py", HANDLE_ACCEPTS, FROM_NOTHING, NULL},
	{"_sock_connect_cb", "asyncio/selector_events.py", HANDLE_CONNECTS, FROM_FUTURE, NULL},
	{"_sock_recv", "asyncio/selector_events.py", HANDLE_SOCKET, FROM_FUTURE, NULL},
	{"_sock_recv_into", "asyncio/selector_events.py", HANDLE_SOCKET, FROM_FUTURE, NULL},
	{"_sock_recvfrom", "asyncio/selector_events.py", HANDLE_SOCKET, FROM_FUTURE, NULL},
	{"_sock_recvfrom_into", "asyncio/selector_events.py", HANDLE_SOCKET, FROM_FUTURE, NULL},
	{"_sock_sendall", "asyncio/selector_events.py", HANDLE_SOCKET, FROM_FUTURE, NULL},
	{"_sock_sendto", "asyncio/selector_events.py", HANDLE_SOCKET, FROM_FUTURE, NULL},
	{"_sock_accept", "asyncio/selector_events.py", HANDLE_SOCKET, FROM_FUTURE, NULL},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct row *find_row(const struct code *code)
{
	for (size_t i = 0; code && code->name && i < ROW_COUNT; i++) {
		if (!strcmp(code->name, rows[i].function) &&
		    sync_is_file(code->filename, rows[i].file))
			return &rows[i];
	}
	return NULL;
}

static int apply_row(struct decoder *decoder, const struct row *row, struct handle *handle)
{
	handle->kind = row->kind;
	if (row->from == FROM_FUTURE)
		return tuple_item(decoder, handle->args, 0, &handle->future);
	if (row->from == FROM_SELF)
		handle->task = handle->callable.self;
	if (row->from == FROM_ATTRIBUTE && handle->callable.self)
		return attr_find(decoder, handle->callable.self, row->attribute, &handle->task);
	return 0;
}

/*
 * Tasks of C are stepped by an object that has the task and an argument behind its header, and woken
 * by one like it, or since 3.10 by a method.
 */
static int read_native(struct decoder *decoder, struct handle *handle)
{
	const struct type *type;
	const char *name = handle->callable.name;
	if (handle->callable.kind == KIND_CFUNCTION && name && !strcmp(name, "task_wakeup")) {
		handle->kind = HANDLE_WAKES;
		handle->task = handle->callable.self;
		return 0;
	}
	int status = object_type(decoder, handle->callback, &type);
	if (status || handle->callable.kind != KIND_OTHER || !type->name)
		return status;
	bool steps = !strcmp(type->name, "TaskStepMethWrapper");
	if (!steps && type->kind != KIND_WAKEUP)
		return 0;
	handle->kind = steps ? HANDLE_STEP : HANDLE_WAKES;
	int64_t words = steps ? 2 : 1;
	return reader_word(&decoder->reader,
			   handle->callback + (uint64_t)type->basicsize -
				   (uint64_t)words * decoder->reader.word_size,
			   &handle->task);
}

static bool is_time(const struct decoder *decoder, double when)
{
	return when >= decoder->times_from;
}

static int read_time(struct decoder *decoder, uint64_t cancelled, uint64_t when, struct handle *ret)
{
	int64_t number = 0;
	enum kind kind;
	int status = cancelled ? int_read(decoder, cancelled, &number) : 0;
	ret->is_cancelled = number != 0;
	if (status || !when)
		return status;
	status = object_kind(decoder, when, &kind);
	if (status || (kind != KIND_FLOAT && kind != KIND_INT))
		return status;
	status = float_read(decoder, when, &ret->when);
	ret->has_when = !status && is_time(decoder, ret->when);
	return status;
}

/* Words of a handle made in C that are looked at. */
#define HANDLE_WORDS 32

static bool is_called(const struct type *type)
{
	switch (type->kind) {
	case KIND_FUNCTION:
	case KIND_METHOD:
	case KIND_CFUNCTION:
	case KIND_PARTIAL:
	case KIND_WAKEUP:
		return true;
	default:
		return type->name && !strcmp(type->name, "TaskStepMethWrapper");
	}
}

/* One of uvloop has no attributes: the first word that can be called is the callback, the first tuple
 * behind it has the arguments, and a float is the time. A method of C has but a name, which is the first
 * str. */
static int read_words(struct decoder *decoder, uint64_t addr, struct handle *handle)
{
	uint64_t of_word = decoder->reader.word_size;
	const struct type *type;
	int status = object_type(decoder, addr, &type);
	uint64_t size = status ? 0 : (uint64_t)type->basicsize / of_word;
	for (uint64_t i = 2; !status && i < size && size <= HANDLE_WORDS; i++) {
		const struct type *found;
		uint64_t word;
		status = object_guess_word(decoder, addr + i * of_word, &word, &found);
		if (status || !found)
			continue;
		if (found->kind == KIND_FLOAT && !handle->has_when)
			handle->has_when = !float_read(decoder, word, &handle->when) &&
					   is_time(decoder, handle->when);
		else if (found->kind == KIND_STR && !handle->name)
			handle->name = word;
		else if (!handle->callback && is_called(found))
			handle->callback = word;
		else if (handle->callback && !handle->args && found->kind == KIND_TUPLE)
			handle->args = word;
	}
	return status;
}

static int read_name(struct decoder *decoder, struct handle *handle)
{
	int status = str_read(decoder, handle->name, &handle->callable.name);
	if (!status && !strcmp(handle->callable.name, "Loop._read_from_self"))
		handle->kind = HANDLE_SELF_PIPE;
	return error_is_fatal(status) ? status : 0;
}

int handle_read_time(struct decoder *decoder, uint64_t addr, struct handle *ret)
{
	struct attr attrs[] = {{.name = "_cancelled"}, {.name = "_when"}};
	*ret = (struct handle){.addr = addr};
	int status = attrs_find(decoder, addr, attrs, 2);
	if (!status && !attrs[0].value && !attrs[1].value)
		return read_words(decoder, addr, ret);
	return status ? status : read_time(decoder, attrs[0].value, attrs[1].value, ret);
}

int handle_read(struct decoder *decoder, uint64_t addr, struct handle *ret)
{
	struct attr attrs[] = {
		{.name = "_callback"},
		{.name = "_args"},
		{.name = "_cancelled"},
		{.name = "_when"},
	};
	*ret = (struct handle){.addr = addr};
	int status = attrs_find(decoder, addr, attrs, 4);
	if (!status)
		status = read_time(decoder, attrs[2].value, attrs[3].value, ret);
	ret->callback = attrs[0].value;
	ret->args = attrs[1].value;
	if (!status && !attrs[0].value && !attrs[2].value)
		status = read_words(decoder, addr, ret);
	if (!status && !ret->callback && ret->name)
		return read_name(decoder, ret);
	if (status || ret->is_cancelled || !ret->callback)
		return status;
	status = callable_read(decoder, ret->callback, &ret->callable);
	if (error_is_fatal(status))
		return status;
	const struct row *row = status ? NULL : find_row(ret->callable.code);
	return row ? apply_row(decoder, row, ret) : read_native(decoder, ret);
}

int loop_handles_find(struct decoder *decoder, uint64_t loop, struct loop_handles *ret)
{
	struct attr attrs[] = {{.name = "_scheduled"},
			       {.name = "_ready"},
			       {.name = "_signal_handlers"},
			       {.name = "_selector"}};
	struct attr files = {.name = "_fd_to_key"};
	int status = attrs_find(decoder, loop, attrs, sizeof(attrs) / sizeof(attrs[0]));
	if (!status && attrs[3].value)
		status = attrs_find(decoder, attrs[3].value, &files, 1);
	*ret = (struct loop_handles){attrs[0].value, attrs[1].value, attrs[2].value, files.value};
	return status;
}
