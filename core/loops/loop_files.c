/* SPDX-License-Identifier: MIT */
/* The files that a loop's selector watches: Lib/selectors.py, Lib/asyncio/selector_events.py. */
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/sequence.h"
#include "cpython/str.h"
#include "loops/detailing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Fields of a SelectorKey, and bits of its events. */
#define KEY_EVENTS 2
#define KEY_DATA 3
#define EVENT_READ 1
#define EVENT_WRITE 2

/* "127.0.0.1:80" of (host, port) and more; a path as it is. */
static int read_peer(struct decoder *decoder, uint64_t addr, const char **ret)
{
	char text[LIMIT_C_STRING];
	const char *host;
	uint64_t item;
	int64_t port;
	enum kind kind = KIND_OTHER;
	int status = object_kind(decoder, addr, &kind);
	if (!status && kind == KIND_STR)
		return str_read(decoder, addr, ret);
	if (status || kind != KIND_TUPLE)
		return status;
	status = tuple_item(decoder, addr, 0, &item);
	if (!status)
		status = str_read(decoder, item, &host);
	if (!status)
		status = tuple_item(decoder, addr, 1, &item);
	if (!status)
		status = int_read(decoder, item, &port);
	if (status)
		return status;
	bool is_six = strchr(host, ':') != NULL;
	snprintf(text, sizeof(text), is_six ? "[%.200s]:%" PRId64 : "%.200s:%" PRId64, host, port);
	*ret = arena_string(decoder->arena, text, strlen(text));
	return *ret ? 0 : decoder_no_memory(decoder);
}

static int name_type(struct decoder *decoder, uint64_t addr, const char **ret)
{
	const struct type *type;
	int status = object_type(decoder, addr, &type);
	if (!status && type->kind != KIND_NONE)
		*ret = type->name;
	return error_is_fatal(status) ? status : 0;
}

static int read_transport(struct detailing *detailing, uint64_t transport, struct loop_file *file)
{
	struct decoder *decoder = detailing->decoder;
	struct attr attrs[] = {{.name = "_protocol"}, {.name = "_extra"}};
	uint64_t peer = 0;
	enum kind kind = KIND_OTHER;
	int status = attrs_find(decoder, transport, attrs, 2);
	/* Methods of other objects are called for files as well. */
	if (status || !attrs[0].value || !attrs[1].value)
		return error_is_fatal(status) ? status : 0;
	status = name_type(decoder, transport, &file->transport);
	if (!status)
		status = name_type(decoder, attrs[0].value, &file->protocol);
	if (!status)
		status = object_kind(decoder, attrs[1].value, &kind);
	if (!status && kind == KIND_DICT)
		status = dict_get(decoder, attrs[1].value, "peername", &peer);
	if (!status && peer)
		status = read_peer(decoder, peer, &file->peer);
	if (!error_is_fatal(status))
		status = wake_search(decoder, detailing->detail->loop->addr, &detailing->by_future,
				     transport, &file->waiters);
	return error_is_fatal(status) ? status : 0;
}

/* A handle tells its transport, or the task that waits for its future. */
static int read_side(struct detailing *detailing, uint64_t addr, struct loop_entry *entry,
		     struct loop_file *file)
{
	struct decoder *decoder = detailing->decoder;
	struct handle handle;
	uint64_t item = 0;
	int status = detailing_entry(detailing, addr, entry);
	if (!status)
		status = handle_read(decoder, addr, &handle);
	if (status || handle.is_cancelled)
		return error_is_fatal(status) ? status : 0;
	if (handle.kind == HANDLE_CONNECTS) {
		status = tuple_item(decoder, handle.args, 2, &item);
		if (!status)
			status = read_peer(decoder, item, &file->peer);
	}
	if (!error_is_fatal(status) && entry->task && handle.future &&
	    !array_push(&file->waiters, entry->task))
		status = decoder_no_memory(decoder);
	if (!error_is_fatal(status) && handle.kind == HANDLE_CALLBACK && handle.callable.self &&
	    !file->transport)
		status = read_transport(detailing, handle.callable.self, file);
	return error_is_fatal(status) ? status : 0;
}

static int read_key(struct detailing *detailing, uint64_t key, struct loop_file *file)
{
	struct decoder *decoder = detailing->decoder;
	uint64_t item, data, side;
	int64_t events = 0;
	enum kind kind = KIND_OTHER;
	int status = tuple_item(decoder, key, KEY_EVENTS, &item);
	if (!status)
		status = int_read(decoder, item, &events);
	if (!status)
		status = tuple_item(decoder, key, KEY_DATA, &data);
	if (!status)
		status = object_kind(decoder, data, &kind);
	file->reads = events & EVENT_READ;
	file->writes = events & EVENT_WRITE;
	for (uint64_t i = 0; !status && kind == KIND_TUPLE && i < 2; i++) {
		enum kind side_kind = KIND_OTHER;
		status = tuple_item(decoder, data, i, &side);
		if (!status)
			status = object_kind(decoder, side, &side_kind);
		if (!status && side_kind != KIND_NONE)
			status = read_side(detailing, side, i ? &file->writer : &file->reader,
					   file);
	}
	return error_is_fatal(status) ? status : 0;
}

static int visit_file(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct detailing *detailing = arg;
	struct loop_files *files = &detailing->detail->files;
	struct loop_file file = {.fd = -1};
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = int_read(decoder, key, &file.fd);
	if (!status)
		status = read_key(detailing, value, &file);
	bool kept = !status && file.reader.kind != HANDLE_SELF_PIPE && array_push(files, file);
	if (!kept)
		array_deinit(&file.waiters);
	if (error_is_fatal(status))
		return status;
	return status || kept || file.reader.kind == HANDLE_SELF_PIPE ? 0
								      : decoder_no_memory(decoder);
}

static int compare_files(const void *a, const void *b)
{
	const struct loop_file *x = a, *y = b;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

/* Who waits for a file by what it says itself. */
static int add_waiters(struct detailing *detailing)
{
	const struct tasks *tasks = &detailing->snap->tasks;
	struct loop_files *files = &detailing->detail->files;
	for (size_t i = 0; files->count && i < tasks->count; i++) {
		const struct wait *wait = &detailing->snap->waits->of_tasks[i];
		const struct task *task = tasks->items[i];
		const struct loop_file wanted = {.fd = wait->fd};
		if (wait->fd < 0 || task->loop != detailing->detail->loop->addr ||
		    !task_is_pending(task) || !wait->blocked)
			continue;
		struct loop_file *file = bsearch(&wanted, files->items, files->count,
						 sizeof(*files->items), compare_files);
		size_t k = 0;
		if (file && !file->peer)
			file->peer = wait->peer;
		while (file && k < file->waiters.count && file->waiters.items[k] != task)
			k++;
		if (file && k == file->waiters.count && !array_push(&file->waiters, task))
			return decoder_no_memory(detailing->decoder);
	}
	return 0;
}

int loop_files_finish(struct detailing *detailing)
{
	struct loop_files *files = &detailing->detail->files;
	if (files->count)
		qsort(files->items, files->count, sizeof(*files->items), compare_files);
	return add_waiters(detailing);
}

int loop_files_read(struct detailing *detailing, uint64_t selector)
{
	uint64_t keys = 0;
	int status = attr_find(detailing->decoder, selector, "_fd_to_key", &keys);
	if (!status && keys)
		status = dict_visit(detailing->decoder, keys, visit_file, detailing);
	int finished = error_is_fatal(status) ? status : loop_files_finish(detailing);
	return status ? status : finished;
}
