/* SPDX-License-Identifier: MIT */
/* Who may still do it. See closure/successors.h. */
#include "closure/successors.h"

#include "asyncio/handle.h"
#include "asyncio/native_loop.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "closure/closure.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "waits/reading.h"

#include <string.h>

/* What those do who may end such a wait. Whoever takes a lock may have it. */
unsigned int successors_wanted(enum wait_kind kind)
{
	return deeds_that_end(kind) | (kind == WAIT_LOCK ? (unsigned int)DEED_ACQUIRES : 0);
}

/* The task or callback that is looked at leads to the goal by the object. */
static int consider(struct abandoning *abandoning, const struct goal *goal, uint64_t object)
{
	const struct task *task = abandoning->task;
	struct target *target = goal->target;
	unsigned int deeds = 0;
	if (target->is_doubtful || (task && abandoning->stuck_at[task->index] == target))
		return 0;
	/* It has what it needs until the end, and does nothing with it. */
	if (goal->deeds == DEED_ANY && abandoning->is_idle)
		return 0;
	target->is_doubtful = goal->deeds == DEED_ANY;
	int status = 0;
	if (abandoning->code && !abandoning->code->is_compiled)
		status = deeds_of(abandoning->waiting, abandoning->code, &deeds);
	target->is_doubtful |= deeds & goal->deeds;
	if (status || target->is_doubtful ||
	    (abandoning->code ? abandoning->code->is_compiled : task != NULL))
		return status;
	abandoning->deeds = goal->deeds;
	status = asked_functions(abandoning, object);
	target->is_doubtful |= abandoning->found;
	return status;
}

static int consider_all(struct abandoning *abandoning, uint64_t object)
{
	const struct led *led;
	int status = leads_find(&abandoning->leads, object, &led);
	for (; !status && led; led = led->next)
		status = consider(abandoning, led->wanted, object);
	return status;
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	(void)decoder;
	return local->value ? consider_all(arg, local->value) : 0;
}

ARRAY(objects, uint64_t);

/* The same while it is read. */
struct naming {
	uint64_t globals;
	struct objects objects;
};

static int visit_global(struct decoder *decoder, uint64_t item, void *arg)
{
	struct naming *naming = arg;
	const char *name;
	uint64_t value = 0;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = name_get(decoder, item, &name);
	if (!status && name)
		status = dict_get(decoder, naming->globals, name, &value);
	if (!status && value && !array_push(&naming->objects, value))
		status = decoder_no_memory(decoder);
	return error_is_fatal(status) ? status : 0;
}

static int read_named(struct abandoning *abandoning, const struct code *code, struct named *first,
		      struct named **ret)
{
	struct decoder *decoder = abandoning->waiting->decoder;
	struct naming naming = {.globals = abandoning->globals};
	struct named *named = NULL;
	int status = asked_visit_names(decoder, code, visit_global, &naming);
	size_t size = naming.objects.count * sizeof(uint64_t);
	if (!status)
		status = decoder_alloc(decoder, sizeof(*named) + size, (void **)&named);
	if (!status) {
		named->globals = naming.globals;
		named->count = naming.objects.count;
		named->next = first;
		if (size)
			memcpy(named->objects, naming.objects.items, size);
		if (!addrmap_put(&abandoning->named, code->addr, named))
			status = decoder_no_memory(decoder);
	}
	array_deinit(&naming.objects);
	*ret = named;
	return status;
}

int successors_visit_globals(struct abandoning *abandoning, const struct frame *frame)
{
	struct decoder *decoder = abandoning->waiting->decoder;
	const struct layout *l = decoder->layout;
	int32_t offset = l->frame.globals != LAYOUT_NONE ? l->frame.globals : l->pyframe.globals;
	const struct code *code = frame->location->code;
	if (code->is_compiled)
		return 0;
	int status = reader_word(&decoder->reader, frame->addr + (uint64_t)offset,
				 &abandoning->globals);
	struct named *first = addrmap_get(&abandoning->named, code->addr), *named = first;
	while (named && named->globals != abandoning->globals)
		named = named->next;
	if (!status && !named)
		status = read_named(abandoning, code, first, &named);
	for (size_t i = 0; !status && i < named->count; i++)
		status = abandoning->look(abandoning, named->objects[i]);
	return error_is_fatal(status) ? status : 0;
}

static int read_frame(struct abandoning *abandoning, const struct frame *frame)
{
	struct waiting *waiting = abandoning->waiting;
	const struct task *task = abandoning->task;
	bool is_stuck = task && abandoning->stuck_at[task->index];
	int status = 0;
	if (!frame->location || !own_is(&waiting->own, frame->location->code))
		return 0;
	abandoning->code = frame->location->code;
	abandoning->globals = 0;
	abandoning->look = consider_all;
	/* Of those that wait for the same, all functions are the same. */
	if (!is_stuck)
		status = successors_visit_globals(abandoning, frame);
	if (!status)
		status = locals_visit(waiting->decoder, frame, visit_local, abandoning);
	return error_is_fatal(status) ? status : 0;
}

/* ---- tasks and threads ---- */

/* The main task waits for a signal, or for the end of others. */
static int is_idle_main(struct abandoning *abandoning, const struct task *task, bool *ret)
{
	const struct wait *wait = &abandoning->waiting->waits->of_tasks[task->index];
	*ret = wait->blocked && !wait->has_deadline &&
	       (wait->kind == WAIT_EVENT || wait->kind == WAIT_FUTURE || wait->for_tasks);
	return *ret ? closure_is_main(abandoning->waiting, task, ret) : 0;
}

static int read_task(struct abandoning *abandoning, const struct task *task, uint64_t loop)
{
	(void)loop;
	struct waiting *waiting = abandoning->waiting;
	int status = is_idle_main(abandoning, task, &abandoning->is_idle);
	if (status)
		return status;
	abandoning->task = task;
	if (abandoning->is_idle)
		abandoning->main = task;
	status = waiting_walk(waiting, task);
	if (status)
		return error_is_fatal(status) ? status : 0;
	for (size_t i = 0; !status && i < waiting->chain.count; i++)
		status = read_frame(abandoning, &waiting->chain.items[i].frame);
	return status;
}

/* What a task leads to can't be read, as it goes on. What its functions do is known. */
static int suspect(struct abandoning *abandoning, const struct task *task)
{
	unsigned int deeds = 0;
	int status = 0;
	for (size_t i = 0; !status && i < task->depth; i++) {
		unsigned int more = 0;
		const struct code *code = task->stack[i]->code;
		if (own_is(&abandoning->waiting->own, code))
			status = deeds_of(abandoning->waiting, code, &more);
		deeds |= more;
	}
	for (size_t i = 0; i < abandoning->targets.count; i++) {
		struct target *target = abandoning->targets.items[i];
		target->is_doubtful |= deeds & successors_wanted(target->kind);
	}
	return status;
}

/* Of a target that runs on, what is no longer there was about to change, and is no gap. */
static int read_again(struct abandoning *abandoning, const struct task *task, uint64_t loop,
		      int (*read)(struct abandoning *, const struct task *, uint64_t))
{
	struct reader *reader = &abandoning->waiting->decoder->reader;
	uint64_t faults = reader->fault_count;
	const bool was_cut = abandoning->leads.is_cut;
	if (!reader->cache.changing)
		return read(abandoning, task, loop);
	for (int i = 0; i < LIMIT_TRIES; i++) {
		bool same = true;
		uint64_t before = reader->fault_count;
		reader_begin(reader);
		abandoning->leads.is_cut = was_cut;
		int status = read(abandoning, task, loop);
		if (!status)
			status = reader_verify(reader, &same);
		same &= reader->fault_count == before;
		reader->fault_count = faults;
		if (status || same)
			return status;
		/* What it has found may be of before the change. */
		addrmap_deinit(&abandoning->named);
	}
	return task ? suspect(abandoning, task) : 0;
}

int successors_read_tasks(struct abandoning *abandoning)
{
	const struct tasks *tasks = &abandoning->waiting->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct task *task = tasks->items[i];
		status = work_step(&abandoning->waiting->decoder->reader.work);
		if (!status && task_is_pending(task) && task->coro && !task->is_copy)
			status = read_again(abandoning, task, 0, read_task);
	}
	abandoning->task = NULL;
	abandoning->is_idle = false;
	return status;
}

static int visit_frame(void *arg, const struct frame *frame)
{
	return read_frame(arg, frame);
}

int successors_read_threads(struct abandoning *abandoning)
{
	struct waiting *waiting = abandoning->waiting;
	int status = 0;
	for (size_t i = 0; !status && i < waiting->snap->threads.count; i++) {
		status = reading_visit_inner(waiting, i, visit_frame, abandoning);
		status = error_is_fatal(status) ? status : 0;
	}
	return status;
}

/* ---- callbacks of loops ---- */

static int visit_argument(struct decoder *decoder, uint64_t item, void *arg)
{
	(void)decoder;
	return consider_all(arg, item);
}

/* What a protocol does is not named by the transport. */
static int ask_protocol(struct abandoning *abandoning, uint64_t protocol)
{
	const struct led *led = NULL;
	int status = leads_find(&abandoning->leads, protocol, &led);
	for (; !status && led; led = led->next) {
		const struct goal *goal = led->wanted;
		abandoning->deeds = goal->deeds;
		abandoning->found = goal->deeds == DEED_ANY;
		status = asked_protocol(abandoning, protocol);
		goal->target->is_doubtful |= abandoning->found;
	}
	return error_is_fatal(status) ? status : 0;
}

static int read_protocol(struct abandoning *abandoning, uint64_t transport)
{
	struct attr attr = {.name = "_protocol"};
	int status = attrs_find(abandoning->waiting->decoder, transport, &attr, 1);
	if (!status && attr.value)
		status = ask_protocol(abandoning, attr.value);
	return error_is_fatal(status) ? status : 0;
}

static int visit_handle(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct abandoning *abandoning = arg;
	struct handle handle;
	enum kind kind;
	int status = object_kind(decoder, addr, &kind);
	if (status || kind != KIND_OTHER)
		return status;
	status = handle_read(decoder, addr, &handle);
	if (status || handle.is_cancelled || !handle.callback)
		return error_is_fatal(status) ? status : 0;
	/* A method of the very object. */
	struct goal *goal = handle.callable.self
				    ? addrmap_get(&abandoning->leads.wanted, handle.callable.self)
				    : NULL;
	if (goal)
		goal->target->is_doubtful = true;
	abandoning->code = handle.callable.code;
	abandoning->globals = 0;
	status = consider_all(abandoning, handle.callback);
	if (!status && handle.callable.self)
		status = consider_all(abandoning, handle.callable.self);
	if (!status && handle.callable.self)
		status = read_protocol(abandoning, handle.callable.self);
	if (!status && handle.args)
		status = sequence_visit(decoder, handle.args, visit_argument, abandoning);
	return error_is_fatal(status) ? status : 0;
}

/* A SelectorKey, whose last item is a pair of handles. */
static int visit_file(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	uint64_t pair;
	(void)key;
	int status = tuple_item(decoder, value, 3, &pair);
	if (!status)
		status = sequence_visit(decoder, pair, visit_handle, arg);
	return error_is_fatal(status) ? status : 0;
}

static int visit_signal(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)key;
	return visit_handle(decoder, value, arg);
}

/* A handle, or what a transport leads to. */
static int visit_native(struct decoder *decoder, uint64_t object, void *arg)
{
	struct abandoning *abandoning = arg;
	int status = visit_handle(decoder, object, arg);
	abandoning->code = NULL;
	if (!status)
		status = consider_all(abandoning, object);
	return status ? status : ask_protocol(abandoning, object);
}

static int read_loop(struct abandoning *abandoning, const struct task *task, uint64_t loop)
{
	(void)task;
	struct decoder *decoder = abandoning->waiting->decoder;
	struct loop_handles handles;
	int status = loop_handles_find(decoder, loop, &handles);
	if (!status && handles.timers)
		status = sequence_visit(decoder, handles.timers, visit_handle, abandoning);
	if (!status && handles.ready)
		status = sequence_visit(decoder, handles.ready, visit_handle, abandoning);
	if (!status && handles.signals)
		status = dict_visit(decoder, handles.signals, visit_signal, abandoning);
	if (!status && handles.files)
		status = dict_visit(decoder, handles.files, visit_file, abandoning);
	bool is_known = handles.timers && handles.ready && handles.files;
	if (!status && !handles.timers)
		status = native_loop_visit(decoder, loop, visit_native, abandoning, &is_known);
	/* Of another kind, it may have callbacks that are not seen. */
	abandoning->leads.is_cut |= status || !is_known;
	return error_is_fatal(status) ? status : 0;
}

int successors_read_loops(struct abandoning *abandoning)
{
	const struct threads *threads = &abandoning->waiting->snap->threads;
	int status = 0;
	for (size_t i = 0; !status && i < threads->count; i++) {
		if (threads->items[i].running_loop)
			status = read_again(abandoning, NULL, threads->items[i].running_loop,
					    read_loop);
	}
	return status;
}
