/* SPDX-License-Identifier: MIT */
/*
 * Loops made in C, of uvloop: their fields have no names, and stand elsewhere in each version. What a
 * word leads to tells by its type what it is; what two words could be is not known.
 */
#include "asyncio/native_loop.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "loops/detailing.h"

#include <stdlib.h>
#include <string.h>

struct native_walk {
	struct decoder *decoder;
	struct loop_native *found;
	/* Words of each kind; a set that is empty could be that of anything. */
	size_t deques, empty_sets, unread_sets;
	/* That of the first item of the set or dict that is looked into. */
	const struct type *item_type;
};

/* ---- what a container is for ---- */

static int visit_first(struct decoder *decoder, uint64_t item, void *arg)
{
	struct native_walk *walk = arg;
	int status = object_guess_type(decoder, item, &walk->item_type);
	/* Ends the walk. */
	return status ? status : AIODBG_LIMIT;
}

static int visit_first_value(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	enum kind kind;
	int status = object_kind(decoder, key, &kind);
	if (status || kind != KIND_INT)
		return status ? status : AIODBG_LIMIT;
	return visit_first(decoder, value, arg);
}

static bool holds(const struct native_walk *walk, const char *type)
{
	const struct type *found = walk->item_type;
	return found && found->name && !strcmp(found->name, type);
}

static int note_set(struct native_walk *walk, uint64_t addr)
{
	walk->item_type = NULL;
	int status = set_visit(walk->decoder, addr, visit_first, walk);
	if (error_is_fatal(status))
		return status;
	walk->empty_sets += !status;
	walk->unread_sets += status && status != AIODBG_LIMIT;
	if (holds(walk, "TimerHandle"))
		walk->found->timers = addr;
	return 0;
}

static int note_dict(struct native_walk *walk, uint64_t addr)
{
	walk->item_type = NULL;
	int status = dict_visit(walk->decoder, addr, visit_first_value, walk);
	if (!error_is_fatal(status) && holds(walk, "UVPoll"))
		walk->found->polls = addr;
	return error_is_fatal(status) ? status : 0;
}

static int note_word(struct native_walk *walk, uint64_t addr, const struct type *type)
{
	switch (type->kind) {
	case KIND_DEQUE:
		walk->deques++;
		walk->found->ready = addr;
		return 0;
	case KIND_SET:
		return note_set(walk, addr);
	case KIND_DICT:
		return note_dict(walk, addr);
	case KIND_OTHER:
		if (!strcmp(type->name, "WeakValueDictionary"))
			return attr_find(walk->decoder, addr, "data", &walk->found->transports);
		if (!strcmp(type->name, "ThreadPoolExecutor"))
			walk->found->executor = addr;
		return 0;
	default:
		return 0;
	}
}

/* ---- timers ---- */

static int visit_timer(struct decoder *decoder, uint64_t item, void *arg)
{
	struct loop_native *found = arg;
	struct handle handle;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = handle_read_time(decoder, item, &handle);
	if (status)
		return error_is_fatal(status) ? status : 0;
	found->timer_count++;
	if (!handle.has_when) {
		found->some_undated = true;
		return 0;
	}
	if (!found->has_first_timer || handle.when < found->first_timer_at)
		found->first_timer_at = handle.when;
	found->has_first_timer = true;
	return 0;
}

static int count_entries(struct decoder *decoder, struct loop_native *found)
{
	uint64_t count = 0;
	int status = 0;
	if (found->ready) {
		status = container_length(decoder, found->ready, &count);
		found->ready_count = status ? -1 : (int64_t)count;
	}
	if (!error_is_fatal(status) && found->timers) {
		found->timer_count = 0;
		status = set_visit(decoder, found->timers, visit_timer, found);
		if (status)
			found->timer_count = -1;
	}
	found->has_first_timer &= !status && !found->some_undated;
	return error_is_fatal(status) ? status : 0;
}

/* ---- files ---- */

/* Handles in the words of an object, of one type or another: that for reading is the first of two. */
static int find_handles(struct decoder *decoder, uint64_t addr, uint64_t *handles)
{
	const struct type *type;
	int status = object_type(decoder, addr, &type), count = 0;
	size_t size = decoder->reader.word_size;
	for (uint64_t at = 2 * size; !status && at < (uint64_t)type->basicsize; at += size) {
		const struct type *found;
		uint64_t word;
		if (at >= NATIVE_LOOP_WORDS * size || count == 2)
			break;
		status = object_guess_word(decoder, addr + at, &word, &found);
		if (found && found->name && !strcmp(found->name, "Handle"))
			handles[count++] = word;
	}
	return error_is_fatal(status) ? status : 0;
}

static int compare_watchers(const void *a, const void *b)
{
	const struct loop_watcher *x = a, *y = b;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

struct own_files {
	const struct loop_watchers *watchers;
	size_t count;
};

static struct loop_watcher *watcher_of(const struct loop_watchers *watchers, int64_t fd)
{
	const struct loop_watcher wanted = {.fd = fd};
	if (!watchers->found.count)
		return NULL;
	return bsearch(&wanted, watchers->found.items, watchers->found.count, sizeof(wanted),
		       compare_watchers);
}

/* The loop wakes itself by a file, as for a signal. */
static int visit_own(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct own_files *own = arg;
	struct handle handle = {0};
	uint64_t handles[2] = {0};
	int64_t fd = -1;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = int_read(decoder, key, &fd);
	if (!status)
		status = find_handles(decoder, value, handles);
	if (!status && handles[0])
		status = handle_read(decoder, handles[0], &handle);
	own->count += !status && handle.kind == HANDLE_SELF_PIPE && watcher_of(own->watchers, fd);
	return error_is_fatal(status) ? status : 0;
}

static int count_files(struct decoder *decoder, uint64_t loop, struct loop_native *found)
{
	struct loop_watchers watchers;
	struct own_files own = {&watchers, 0};
	int status = loop_watchers_read(decoder, loop, &watchers);
	if (!status && watchers.is_known && found->polls)
		status = dict_visit(decoder, found->polls, visit_own, &own);
	if (!status && watchers.is_known)
		found->fd_count = (int64_t)(watchers.found.count - own.count);
	array_deinit(&watchers.found);
	return error_is_fatal(status) ? status : 0;
}

/* ---- all of it ---- */

int loop_native_read(struct decoder *decoder, uint64_t loop, struct loop_native *ret)
{
	struct native_walk walk = {.decoder = decoder, .found = ret};
	const struct type *type;
	*ret = (struct loop_native){.ready_count = -1, .timer_count = -1, .fd_count = -1};
	int status = object_type(decoder, loop, &type);
	if (status || !type->name || strcmp(type->name, "Loop") != 0)
		return error_is_fatal(status) ? status : 0;
	for (uint64_t i = 2; !error_is_fatal(status) && i < NATIVE_LOOP_WORDS; i++) {
		size_t size = decoder->reader.word_size;
		uint64_t word;
		status = work_step(&decoder->reader.work);
		if (!status)
			status = object_guess_word(decoder, loop + i * size, &word, &type);
		if (!status && type && type->name)
			status = note_word(&walk, word, type);
	}
	if (error_is_fatal(status))
		return status;
	if (walk.deques != 1)
		ret->ready = 0;
	/* None of its sets has timers, and one of them is for timers. */
	if (!ret->timers && ret->ready && walk.empty_sets && !walk.unread_sets)
		ret->timer_count = 0;
	status = count_entries(decoder, ret);
	return status ? status : count_files(decoder, loop, ret);
}

/* ---- who waits for them ---- */

static int add_file(struct detailing *detailing, struct loop_file *file)
{
	if (array_push(&detailing->detail->files, *file))
		return 0;
	array_deinit(&file->waiters);
	return decoder_no_memory(detailing->decoder);
}

static int visit_poll(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct detailing *detailing = arg;
	struct loop_file file = {.fd = -1};
	uint64_t handles[2] = {0};
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = int_read(decoder, key, &file.fd);
	if (!status)
		status = find_handles(decoder, value, handles);
	if (!status && handles[0])
		status = detailing_entry(detailing, handles[0], &file.reader);
	if (!status && handles[1])
		status = detailing_entry(detailing, handles[1], &file.writer);
	if (status)
		return error_is_fatal(status) ? status : 0;
	return add_file(detailing, &file);
}

static int visit_transport(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct detailing *detailing = arg;
	struct loop_file file = {.fd = -1};
	const struct type *type;
	uint64_t transport = 0;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = int_read(decoder, key, &file.fd);
	if (!status)
		status = weakref_get(decoder, value, &transport);
	if (status || !transport)
		return error_is_fatal(status) ? status : 0;
	status = object_type(decoder, transport, &type);
	if (!status) {
		file.transport = type->name;
		status = wake_search(decoder, detailing->detail->loop->addr, &detailing->by_future,
				     transport, &file.waiters);
	}
	if (error_is_fatal(status)) {
		array_deinit(&file.waiters);
		return status;
	}
	return add_file(detailing, &file);
}

static bool is_server(const char *type)
{
	size_t len = type ? strlen(type) : 0, end = strlen("Server");
	return len >= end && !strcmp(type + len - end, "Server");
}

/* What libuv says of the files, and those that only it knows: sockets that are listened at, say. */
static int add_watchers(struct detailing *detailing, struct loop_watchers *watchers)
{
	struct loop_files *files = &detailing->detail->files;
	int status = 0;
	for (size_t i = 0; i < files->count; i++) {
		struct loop_file *file = &files->items[i];
		struct loop_watcher *watcher = watcher_of(watchers, file->fd);
		if (!watcher)
			continue;
		watcher->is_seen = true;
		file->reads = watcher->reads;
		file->writes = watcher->writes;
		if (file->reads || !file->writes || file->writer.handle)
			continue;
		/* The only one. */
		file->writer = file->reader;
		file->reader = (struct loop_entry){0};
	}
	for (size_t i = 0; !status && i < watchers->found.count; i++) {
		const struct loop_watcher *watcher = &watchers->found.items[i];
		struct loop_file file = {
			.fd = watcher->fd,
			.reads = watcher->reads,
			.writes = watcher->writes,
			.transport = watcher->owner,
		};
		if (is_server(watcher->owner))
			file.reader.kind = HANDLE_ACCEPTS;
		if (!watcher->is_seen)
			status = add_file(detailing, &file);
	}
	return status;
}

/* The loop's own. */
static void drop_self_pipes(struct loop_files *files)
{
	size_t kept = 0;
	for (size_t i = 0; i < files->count; i++) {
		if (files->items[i].reader.kind != HANDLE_SELF_PIPE)
			files->items[kept++] = files->items[i];
		else
			array_deinit(&files->items[i].waiters);
	}
	files->count = kept;
}

int loop_native_files(struct detailing *detailing, const struct loop_native *native)
{
	struct decoder *decoder = detailing->decoder;
	struct loop_watchers watchers = {0};
	int status = 0;
	if (native->polls)
		status = dict_visit(decoder, native->polls, visit_poll, detailing);
	if (!error_is_fatal(status) && native->transports)
		status = dict_visit(decoder, native->transports, visit_transport, detailing);
	if (!error_is_fatal(status))
		status = loop_watchers_read(decoder, detailing->detail->loop->addr, &watchers);
	if (!error_is_fatal(status) && watchers.is_known)
		status = add_watchers(detailing, &watchers);
	array_deinit(&watchers.found);
	drop_self_pipes(&detailing->detail->files);
	return error_is_fatal(status) ? status : loop_files_finish(detailing);
}
