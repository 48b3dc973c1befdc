/* SPDX-License-Identifier: MIT */
/*
 * What the ready queues of loops are full of: callbacks that are there again and again, and tasks
 * that yield to the loop and do nothing else.
 */
#include "waits/waiting.h"

#include "asyncio/handle.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/float.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "cpython/str.h"
#include "snapshot/graph.h"

#include <string.h>

/* Less than that fills no queue; callbacks that are listed; and how often the queue is read. */
#define READY_LEAST 10
#define READY_LISTED 1024
#define READY_TRIES 4

/* Frames whose variables may be what a task works at. */
#define FRAMES_ASKED 4
#define ATTRIBUTES_ASKED 64

/* ---- tasks that yield ---- */

static void mix(uint64_t *hash, uint64_t value)
{
	*hash = (*hash ^ value) * 0x9e3779b97f4a7c15;
	*hash ^= *hash >> 29;
}

/* What the variables of a task are. */
struct variables {
	struct waiting *waiting;
	const struct task *task;
	uint64_t hash;
	size_t attributes;
	/* The object whose attributes are visited is the task's alone, as far as was seen. */
	bool is_own;
};

static bool is_container(enum kind kind)
{
	return kind == KIND_LIST || kind == KIND_DEQUE || kind == KIND_SET || kind == KIND_DICT;
}

/* Where a number is says little: that of the next one is soon the same. What is in a container is work
 * that is done or to do. */
static int mix_value(struct variables *variables, uint64_t value, enum kind kind)
{
	struct decoder *decoder = variables->waiting->decoder;
	int64_t number = 0;
	uint64_t bits, length = 0;
	double real = 0;
	const char *text = NULL;
	int status = 0;
	if (kind == KIND_INT)
		status = int_read(decoder, value, &number);
	else if (kind == KIND_FLOAT)
		status = float_read(decoder, value, &real);
	else if (kind == KIND_STR)
		status = str_read(decoder, value, &text);
	else if (is_container(kind))
		status = container_length(decoder, value, &length);
	if (!number && !text)
		number = (int64_t)(kind == KIND_INT || kind == KIND_FLOAT ? 0 : value);
	memcpy(&bits, &real, sizeof(bits));
	mix(&variables->hash, (uint64_t)number);
	mix(&variables->hash, bits);
	mix(&variables->hash, length);
	for (; text && *text; text++)
		mix(&variables->hash, (unsigned char)*text);
	return error_is_fatal(status) ? status : 0;
}

/* A number of an object that many tasks have may be a count of what all of them did for nothing. */
static int mix_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct variables *variables = arg;
	enum kind kind;
	(void)key;
	if (++variables->attributes > ATTRIBUTES_ASKED)
		return AIODBG_LIMIT;
	int status = object_kind(decoder, value, &kind);
	if (status || (!is_container(kind) &&
		       (!variables->is_own || (kind != KIND_INT && kind != KIND_FLOAT))))
		return error_is_fatal(status) ? status : 0;
	return mix_value(variables, value, kind);
}

static int mix_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct variables *variables = arg;
	struct addrmap *known = &variables->waiting->worked_at;
	enum kind kind = KIND_NONE;
	int status = local->value ? object_kind(decoder, local->value, &kind) : 0;
	if (!status)
		status = mix_value(variables, local->value, kind);
	/* The loop has everybody's. */
	if (status || kind != KIND_OTHER || local->value == variables->task->loop)
		return error_is_fatal(status) ? status : 0;
	variables->attributes = 0;
	variables->is_own = !addrmap_get(known, local->value);
	if (variables->is_own && !addrmap_put(known, local->value, known))
		return waiting_no_memory(variables->waiting);
	status = attrs_visit(decoder, local->value, mix_attribute, variables);
	return error_is_fatal(status) ? status : 0;
}

int ready_read_variables(struct waiting *waiting, const struct task *task, struct wait *wait)
{
	const struct coro_frames *chain = &waiting->chain;
	struct variables variables = {.waiting = waiting, .task = task, .hash = 1};
	for (size_t i = 0; i < FRAMES_ASKED && i < chain->count; i++) {
		const struct frame *frame = &chain->items[chain->count - 1 - i].frame;
		int status = frame->location
				     ? locals_visit(waiting->decoder, frame, mix_local, &variables)
				     : 0;
		if (error_is_fatal(status))
			return status;
	}
	wait->variables = variables.hash;
	return 0;
}

/* ---- callbacks ---- */

struct listing {
	struct waiting *waiting;
	struct loop *loop;
	struct ready_callback *made;
	/* Handles that the selector has, which are ready as often as something happens; what was
	 * found, by a number made of object and function. */
	struct addrmap files, found;
};

static int visit_file(struct decoder *decoder, uint64_t handle, void *arg)
{
	struct listing *listing = arg;
	(void)decoder;
	return addrmap_put(&listing->files, handle, listing) ? 0
							     : waiting_no_memory(listing->waiting);
}

/* A SelectorKey, whose data are the handles for reading and writing. */
static int visit_key(struct decoder *decoder, uint64_t fd, uint64_t key, void *arg)
{
	uint64_t data = 0;
	(void)fd;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = tuple_item(decoder, key, 3, &data);
	if (!status && data)
		status = sequence_visit(decoder, data, visit_file, arg);
	return error_is_fatal(status) ? status : 0;
}

static int list_files(struct listing *listing, uint64_t files)
{
	struct decoder *decoder = listing->waiting->decoder;
	enum kind kind = KIND_OTHER;
	int status = files ? object_kind(decoder, files, &kind) : 0;
	if (!status && kind == KIND_DICT)
		status = dict_visit(decoder, files, visit_key, listing);
	/* What it has can't be told from the rest. */
	if (!status && kind != KIND_DICT)
		status = reader_corrupt(&decoder->reader, listing->loop->addr, "no files");
	return status;
}

/* A timer may be due again and again. */
static int is_timer(struct decoder *decoder, uint64_t handle, bool *ret)
{
	const struct type *type;
	int status = object_type(decoder, handle, &type);
	*ret = status || !type->name || strcmp(type->name, "TimerHandle") == 0;
	return status;
}

/* Methods of objects that are no tasks: of nothing else can be said that it is the same one. */
static int visit_handle(struct decoder *decoder, uint64_t handle, void *arg)
{
	struct listing *listing = arg;
	struct loop *loop = listing->loop;
	struct attr attr = {.name = "_callback"};
	struct callable callable = {0};
	enum kind kind = KIND_OTHER;
	bool timer = true;
	if (loop->ready_listed == READY_LISTED || addrmap_get(&listing->files, handle))
		return 0;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = is_timer(decoder, handle, &timer);
	if (!status && timer)
		return 0;
	if (!status)
		status = attrs_find(decoder, handle, &attr, 1);
	if (!status && attr.value)
		status = object_kind(decoder, attr.value, &kind);
	if (!status && kind == KIND_METHOD)
		status = callable_read(decoder, attr.value, &callable);
	if (status || !callable.self || !callable.code)
		return error_is_fatal(status) ? status : 0;
	uint64_t key = callable.self ^ callable.function << 1;
	if (graph_find(listing->waiting->snap->graph, callable.self) ||
	    addrmap_get(&listing->found, key))
		return 0;
	if (!addrmap_put(&listing->found, key, listing))
		return waiting_no_memory(listing->waiting);
	listing->made[loop->ready_listed++] = (struct ready_callback){
		callable.self, callable.function, callable.code};
	return 0;
}

int ready_list(struct waiting *waiting, struct loop *loop)
{
	struct decoder *decoder = waiting->decoder;
	struct listing listing = {.waiting = waiting, .loop = loop};
	struct loop_handles handles = {0};
	/* What is there once may be there for any reason. */
	if (!waiting->for_verdicts || !waiting->snap->runs_on || loop->ready_count < READY_LEAST)
		return 0;
	int status = decoder_alloc(decoder, READY_LISTED * sizeof(*listing.made),
				   (void **)&listing.made);
	if (!status)
		status = loop_handles_find(decoder, loop->addr, &handles);
	if (!status)
		status = list_files(&listing, handles.files);
	bool is_known = !status && handles.ready;
	/* It changes meanwhile: what is missed once may be found later. */
	for (int i = 0; i < READY_TRIES && !error_is_fatal(status) && is_known; i++) {
		if (i)
			pagecache_flush(&decoder->reader.cache);
		status = sequence_visit(decoder, handles.ready, visit_handle, &listing);
		if (loop->ready_listed >= loop->ready_count)
			break;
	}
	loop->ready = listing.made;
	addrmap_deinit(&listing.files);
	addrmap_deinit(&listing.found);
	return error_is_fatal(status) ? status : 0;
}
