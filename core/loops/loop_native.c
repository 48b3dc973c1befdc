/* SPDX-License-Identifier: MIT */
/*
 * Loops made in C, of uvloop: their fields have no names, and stand elsewhere in each version. What a
 * word leads to tells by its type what it is; what two words could be is not known.
 */
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "loops/detailing.h"

#include <string.h>

/* Behind these fields is the buffer that it reads into. */
#define LOOP_WORDS 64

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

static int note_word(struct native_walk *walk, uint64_t addr)
{
	const struct type *type;
	int status = object_guess_type(walk->decoder, addr, &type);
	if (status || !type || !type->name)
		return status;
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

int loop_native_read(struct decoder *decoder, uint64_t loop, struct loop_native *ret)
{
	struct native_walk walk = {.decoder = decoder, .found = ret};
	const struct type *type;
	*ret = (struct loop_native){.ready_count = -1, .timer_count = -1};
	int status = object_type(decoder, loop, &type);
	if (status || !type->name || strcmp(type->name, "Loop") != 0)
		return error_is_fatal(status) ? status : 0;
	for (uint64_t i = 2; !error_is_fatal(status) && i < LOOP_WORDS; i++) {
		size_t size = decoder->reader.word_size;
		uint64_t word;
		status = work_step(&decoder->reader.work);
		if (!status)
			status = reader_word(&decoder->reader, loop + i * size, &word);
		if (!status && word && word % size == 0)
			status = note_word(&walk, word);
	}
	if (error_is_fatal(status))
		return status;
	if (walk.deques != 1)
		ret->ready = 0;
	/* None of its sets has timers, and one of them is for timers. */
	if (!ret->timers && ret->ready && walk.empty_sets && !walk.unread_sets)
		ret->timer_count = 0;
	return count_entries(decoder, ret);
}

/* ---- files ---- */

/* A handle in the words of an object, of one type or another. */
static int find_handle(struct decoder *decoder, uint64_t addr, uint64_t *ret)
{
	const struct type *type;
	int status = object_type(decoder, addr, &type);
	size_t size = decoder->reader.word_size;
	for (uint64_t at = 2 * size; !status && at < (uint64_t)type->basicsize; at += size) {
		const struct type *found = NULL;
		uint64_t word = 0;
		if (at >= LOOP_WORDS * size)
			break;
		status = reader_word(&decoder->reader, addr + at, &word);
		if (!status && word && word % size == 0)
			status = object_guess_type(decoder, word, &found);
		if (found && found->name && !strcmp(found->name, "Handle")) {
			*ret = word;
			return 0;
		}
	}
	return error_is_fatal(status) ? status : 0;
}

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
	uint64_t handle = 0;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = int_read(decoder, key, &file.fd);
	if (!status)
		status = find_handle(decoder, value, &handle);
	if (!status && handle)
		status = detailing_entry(detailing, handle, &file.reader);
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

int loop_native_files(struct detailing *detailing, const struct loop_native *native)
{
	struct decoder *decoder = detailing->decoder;
	int status = 0;
	if (native->polls)
		status = dict_visit(decoder, native->polls, visit_poll, detailing);
	if (!error_is_fatal(status) && native->transports)
		status = dict_visit(decoder, native->transports, visit_transport, detailing);
	return error_is_fatal(status) ? status : loop_files_finish(detailing);
}
