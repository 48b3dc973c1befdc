/* SPDX-License-Identifier: MIT */
/*
 * What tasks wait for. See waits/waits.h.
 *
 * A task's chain of awaits ends in a future. If the innermost frame is of a function that is known
 * to wait, its variables have the object. Else the future itself tells: it is a task, or one of its
 * callbacks knows for whom it is. Else some object that the innermost frames refer to keeps it.
 */
#include "waits/waiting.h"

#include "asyncio/future.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/float.h"
#include "cpython/locals.h"
#include "cpython/modules.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/str.h"
#include "process/family.h"
#include "snapshot/graph.h"

#include <string.h>

bool waiting_has_gaps(const struct waiting *waiting)
{
	return waiting->decoder->reader.fault_count != waiting->faults_before ||
	       !snapshot_is_complete(waiting->snap);
}

/* ---- one task ---- */

/* Frames of a chain that may say more than the innermost one. */
#define FRAMES_ASKED 5

static int set_timer(struct waiting *waiting, uint64_t timer, struct wait *wait)
{
	uint64_t when = 0;
	double at;
	struct attr attr = {.name = "_when"};
	int status = timer ? attrs_find(waiting->decoder, timer, &attr, 1) : 0;
	when = attr.value;
	if (!status && when)
		status = float_read(waiting->decoder, when, &at);
	if (status || !when)
		return error_is_fatal(status) ? status : 0;
	if (!wait->has_deadline || at < wait->deadline_at)
		wait->deadline_at = at;
	wait->has_deadline = true;
	return 0;
}

static const struct sync_function *rule_of(struct waiting *waiting, const struct location *location)
{
	void *known = addrmap_get(&waiting->rules, (uint64_t)(uintptr_t)location);
	if (!known) {
		const struct sync_function *found = sync_function_of(location);
		known = found ? (void *)(uintptr_t)found : waiting;
		addrmap_put(&waiting->rules, (uint64_t)(uintptr_t)location, known);
	}
	return known == waiting ? NULL : known;
}

/* What a function that is further out makes of the wait of the innermost one. */
static bool says_more(const struct sync_function *inner, const struct sync_function *outer)
{
	if (!outer)
		return false;
	if (!inner)
		return true;
	switch (outer->wait) {
	case SYNC_WAIT_QUEUE_JOIN:
		return inner->wait == SYNC_WAIT_EVENT;
	case SYNC_WAIT_BARRIER:
		return inner->wait == SYNC_WAIT_CONDITION;
	default:
		return false;
	}
}

static const struct {
	enum sync_wait sync;
	enum wait_kind kind;
} meanings[] = {
	{SYNC_WAIT_SLEEP, WAIT_TIMER},
	{SYNC_WAIT_LOCK, WAIT_LOCK},
	{SYNC_WAIT_SEMAPHORE, WAIT_SEMAPHORE},
	{SYNC_WAIT_CONDITION, WAIT_CONDITION},
	{SYNC_WAIT_EVENT, WAIT_EVENT},
	{SYNC_WAIT_BARRIER, WAIT_BARRIER},
	{SYNC_WAIT_QUEUE_GET, WAIT_QUEUE_GET},
	{SYNC_WAIT_QUEUE_PUT, WAIT_QUEUE_PUT},
	{SYNC_WAIT_QUEUE_JOIN, WAIT_QUEUE_JOIN},
	{SYNC_WAIT_GROUP, WAIT_GROUP},
	{SYNC_WAIT_TASKS, WAIT_TASK},
};

static enum wait_kind meaning_of(enum sync_wait wait)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].sync == wait)
			return meanings[i].kind;
	}
	return WAIT_UNKNOWN;
}

struct asking {
	struct waiting *waiting;
	struct wait *wait;
};

/* Whether a future that is no task is among those that are waited for. */
static int visit_waited_for(struct decoder *decoder, uint64_t item, void *arg)
{
	struct asking *asking = arg;
	struct wait *wait = asking->wait;
	struct future future;
	int status = work_step(&decoder->reader.work);
	const struct node *node = graph_find(asking->waiting->snap->graph, item);
	/* A task that was read, and has not changed since. */
	if (!status && node && node->task && !node->task->problems &&
	    !decoder->reader.cache.changing)
		return 0;
	if (!status)
		status = future_read(decoder, item, EXPECT_NOTHING, &future);
	wait->for_futures |= status || (!future.is_task && future.state == FUTURE_PENDING);
	return error_is_fatal(status) ? status : 0;
}

static int read_others(struct waiting *waiting, uint64_t container, struct wait *wait)
{
	struct asking asking = {waiting, wait};
	enum kind kind;
	int status = object_kind(waiting->decoder, container, &kind);
	if (!status && kind == KIND_SET)
		status = set_visit(waiting->decoder, container, visit_waited_for, &asking);
	else if (!status)
		status = sequence_visit(waiting->decoder, container, visit_waited_for, &asking);
	wait->for_futures |= status != 0;
	return error_is_fatal(status) ? status : 0;
}

/* asyncio.wait() says when it is content. */
static int read_return_when(struct waiting *waiting, const struct frame *frame, struct wait *wait)
{
	uint64_t value;
	bool all = false;
	int status = locals_get(waiting->decoder, frame, "return_when", &value);
	if (!status && value)
		status = str_equals(waiting->decoder, value, "ALL_COMPLETED", &all);
	wait->for_all = all;
	if (!status && !all)
		status = locals_get(waiting->decoder, frame, "fs", &value);
	return status || all || !value ? status : read_others(waiting, value, wait);
}

static int apply_rule(struct waiting *waiting, const struct task *task,
		      const struct sync_function *rule, const struct frame *frame,
		      struct wait *wait)
{
	struct decoder *decoder = waiting->decoder;
	struct attr vars[] = {
		{.name = rule->object ? rule->object : "self"},
		{.name = rule->timer && rule->timer != rule->object ? rule->timer : "delay"},
	};
	wait->kind = meaning_of(rule->wait);
	wait->for_tasks = wait->kind == WAIT_TASK || wait->kind == WAIT_GROUP;
	wait->for_all = wait->ends_on_failure = wait->kind == WAIT_GROUP;
	int status = locals_get_all(decoder, frame, vars, 2);
	if (!status && rule->wait == SYNC_WAIT_SLEEP) {
		status = set_timer(waiting, vars[0].value, wait);
		if (!status && vars[1].value)
			status = float_read(decoder, vars[1].value, &wait->delay);
		return error_is_fatal(status) ? status : 0;
	}
	if (!status && rule->timer)
		status = set_timer(waiting, vars[1].value, wait);
	if (!status && rule->wait == SYNC_WAIT_TASKS)
		status = read_return_when(waiting, frame, wait);
	if (!status && rule->object && vars[0].value)
		status = primitive_get(waiting, task->interp, vars[0].value, &wait->object);
	/* anyio's. */
	if (!status && rule->wait == SYNC_WAIT_GROUP && !wait->object && vars[0].value)
		status = primitive_get_unknown(waiting, vars[0].value, &wait->object);
	/* A class of another project may have a method of that name in a file of that name; and
	 * so may one that can't be read. */
	if (rule->object && !wait->object && rule->wait != SYNC_WAIT_SLEEP)
		wait->kind = WAIT_UNKNOWN;
	return status;
}

/* ---- what the future tells ---- */

static int ask_future(struct waiting *waiting, const struct task *task, const struct future *future,
		      struct wait *wait)
{
	enum sync_class class;
	if (future->is_task) {
		wait->kind = WAIT_TASK;
		wait->for_tasks = true;
		return 0;
	}
	int status = waiting_class(waiting, task->interp, future->addr, &class);
	if (!status && class == SYNC_GATHERING) {
		struct attr children = {.name = "_children"};
		wait->kind = WAIT_GATHER;
		wait->for_tasks = wait->for_all = wait->ends_on_failure = true;
		status = attrs_find(waiting->decoder, future->addr, &children, 1);
		if (!status && children.value)
			status = read_others(waiting, children.value, wait);
		return error_is_fatal(status) ? status : 0;
	}
	if (!status)
		status = callbacks_ask(waiting, future, wait);
	/* The thread may set the future itself. */
	if (!error_is_fatal(status) && wait->kind == WAIT_UNKNOWN &&
	    addrmap_get(&waiting->jobs, future->addr)) {
		wait->kind = WAIT_EXECUTOR;
		status = job_use(waiting, future->addr, wait);
	}
	return error_is_fatal(status) ? status : 0;
}

/* ---- the whole of a task ---- */

static void find_site(struct waiting *waiting, const struct task *task, struct wait *wait)
{
	for (size_t i = 0; i < task->depth; i++) {
		const struct location *location = task->stack[i];
		if (!own_is(&waiting->own, location->code))
			continue;
		wait->site.location = location;
		wait->site.line = location->position.line;
		return;
	}
}

/*
 * wait_for() waits for the future in its variable fut. Up to 3.11 that is a task of its own, unless
 * it was given a future; since 3.12 the coroutine is part of the chain, and where this is the
 * innermost frame it awaits the future itself.
 */
static int find_waited_for(struct waiting *waiting, const struct frame *frame,
			   struct future *future, struct wait *wait)
{
	struct future found;
	uint64_t value;
	int status = locals_get(waiting->decoder, frame, "fut", &value);
	if (!status && value)
		status = future_read(waiting->decoder, value, EXPECT_NOTHING, &found);
	if (status || !value)
		return error_is_fatal(status) ? status : 0;
	*future = found;
	wait->future = value;
	wait->future_type = found.type->name;
	return 0;
}

/* A future in Python is awaited by a generator, which says nothing. */
static void drop_await(struct coro_frames *chain)
{
	while (chain->count) {
		const struct location *location = chain->items[chain->count - 1].frame.location;
		if (!location || !sync_is_at(location, "Future.__await__", "asyncio/futures.py"))
			return;
		chain->count--;
	}
}

/* The rule that says most about where the chain ends. */
static const struct sync_function *find_rule(struct waiting *waiting, const struct frame **frame)
{
	const struct sync_function *best = NULL;
	size_t count = waiting->chain.count;
	for (size_t i = 0; i < FRAMES_ASKED && i < count; i++) {
		const struct frame *candidate = &waiting->chain.items[count - 1 - i].frame;
		if (!candidate->location)
			continue;
		const struct sync_function *rule = rule_of(waiting, candidate->location);
		/* Where the innermost one is none of these, the wait is that of a caller of
		 * something else. */
		if (!i && !rule)
			return NULL;
		if (!says_more(best, rule))
			continue;
		best = rule;
		*frame = candidate;
	}
	return best;
}

static int name_object(struct waiting *waiting, struct wait *wait)
{
	size_t count = waiting->chain.count;
	for (size_t i = 0; wait->object && !wait->object->expression && i < count; i++) {
		const struct frame *frame = &waiting->chain.items[count - 1 - i].frame;
		if (!frame->location || !own_is(&waiting->own, frame->location->code))
			continue;
		return primitive_name(waiting, wait->object, frame);
	}
	return 0;
}

static int read_blocked(struct waiting *waiting, const struct task *task, struct future *future,
			struct wait *wait)
{
	const struct frame *frame = NULL;
	const struct sync_function *rule = find_rule(waiting, &frame);
	wait->blocked = true;
	wait->future_type = future->type->name;
	int status = rule ? apply_rule(waiting, task, rule, frame, wait) : 0;
	if (!status && rule && rule->wait == SYNC_WAIT_FOR)
		status = find_waited_for(waiting, frame, future, wait);
	/* Nothing else says more than what can't be read. */
	if (status)
		return status;
	if (wait->kind == WAIT_UNKNOWN)
		status = transport_find(waiting, wait);
	if (!status && wait->kind == WAIT_UNKNOWN)
		status = ask_future(waiting, task, future, wait);
	const struct keeper *keeper = addrmap_get(&waiting->keepers, future->addr);
	if (!status && wait->object && keeper && keeper->primitive == wait->object)
		wait->place = (uint32_t)keeper->place;
	if (!status && wait->kind == WAIT_UNKNOWN)
		status = transport_find_drain(waiting, wait);
	if (!status && (wait->kind == WAIT_UNKNOWN || wait->kind == WAIT_EVENT))
		status = connection_find(waiting, task, future->addr, wait);
	if (!status && wait->kind == WAIT_UNKNOWN) {
		wait->kind = WAIT_FUTURE;
		status = keeper_find(waiting, task->interp, future->addr, wait);
	}
	return status ? status : name_object(waiting, wait);
}

static int read_frames_of(struct waiting *waiting, struct task *task, struct wait *wait)
{
	struct coro_frames *chain = &waiting->chain;
	int status = 0;
	holders_begin(waiting);
	for (size_t i = chain->count; !status && i > 0; i--) {
		const struct frame *frame = &chain->items[i - 1].frame;
		status = work_step(&waiting->decoder->reader.work);
		if (status || !frame->location)
			continue;
		/* wait_for() keeps its timer in a variable, up to 3.11. */
		const struct sync_function *rule = rule_of(waiting, frame->location);
		uint64_t timer = 0;
		if (rule && rule->wait == SYNC_WAIT_FOR)
			status = locals_get(waiting->decoder, frame, rule->timer, &timer);
		if (!error_is_fatal(status) && timer)
			status = set_timer(waiting, timer, wait);
		if (!error_is_fatal(status))
			status = holders_read_frame(waiting, task->interp, task, -1, frame, wait);
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}

/* Whether a task of a process that runs on is no longer where it was when it was decoded. */
static int has_moved(struct waiting *waiting, const struct task *task, bool *ret)
{
	struct decoder *decoder = waiting->decoder;
	struct future future;
	*ret = false;
	if (!decoder->reader.cache.changing)
		return 0;
	int status = future_read(decoder, task->id, EXPECT_TASK, &future);
	*ret = status || future.state != FUTURE_PENDING || future.coro != task->coro ||
	       future.fut_waiter != task->fut_waiter;
	return error_is_fatal(status) ? status : 0;
}

static int read_task(struct waiting *waiting, struct task *task, struct wait *wait)
{
	struct decoder *decoder = waiting->decoder;
	struct coro coro = {0};
	struct future future;
	bool moved;
	waiting->chain.count = 0;
	waiting->interp = task->interp;
	find_site(waiting, task, wait);
	int status = has_moved(waiting, task, &moved);
	if (!status && task->coro)
		status = coro_walk_frames(decoder, task->coro, &waiting->chain, &coro);
	drop_await(&waiting->chain);
	bool executing = !status && coro.state == CORO_EXECUTING;
	if (moved || (executing && decoder->reader.cache.changing))
		wait->kind = WAIT_MOVING;
	if (executing)
		return addrmap_put(&waiting->executing, coro.frame, task)
			       ? 0
			       : waiting_no_memory(waiting);
	if (!status && task->state == AIODBG_TASK_PENDING && !moved) {
		wait->future = task->fut_waiter;
		wait->kind = WAIT_READY;
		wait->not_started = coro.state == CORO_CREATED;
		if (task->fut_waiter)
			status = future_read(decoder, task->fut_waiter, EXPECT_NOTHING, &future);
		if (!status && task->fut_waiter && future.state == FUTURE_PENDING) {
			wait->kind = WAIT_UNKNOWN;
			status = read_blocked(waiting, task, &future, wait);
		}
		if (!status && !task->fut_waiter && !wait->not_started)
			status = ready_read_variables(waiting, task, wait);
	}
	if (error_is_fatal(status))
		return status;
	/* What it waits for is not known; that it holds something may be. */
	if (status)
		wait->certainty = CERTAINTY_POSSIBLE;
	return read_frames_of(waiting, task, wait);
}

/* A target that runs on may change it meanwhile: then once more. What goes on and on waits for
 * nothing that lasts. */
static int read_task_whole(struct waiting *waiting, struct task *task, struct wait *wait)
{
	struct reader *reader = &waiting->decoder->reader;
	uint64_t faults = reader->fault_count;
	for (int i = 0; i < LIMIT_TRIES; i++) {
		bool same = true;
		waiting->touched.count = 0;
		reader_begin(reader);
		int status = read_task(waiting, task, wait);
		if (!status)
			status = reader_verify(reader, &same);
		/* What is no longer there has moved, and is not missing. */
		if (!same || wait->kind == WAIT_MOVING)
			reader->fault_count = faults;
		if (status || same)
			return status;
		holders_undo(waiting, task);
		*wait = wait_none();
	}
	wait->kind = WAIT_MOVING;
	return 0;
}

static int read_tasks(struct waiting *waiting)
{
	struct aiodbg_snapshot *snap = waiting->snap;
	for (size_t i = 0; i < snap->tasks.count; i++) {
		struct task *task = snap->tasks.items[i];
		struct wait *wait = &waiting->waits->of_tasks[i];
		*wait = wait_none();
		int status = work_step(&waiting->decoder->reader.work);
		if (!status && task_is_pending(task) && !task->problems && !task->is_copy)
			status = read_task_whole(waiting, task, wait);
		if (status)
			return status;
		if (wait->object)
			wait->object->waiter_count++;
	}
	return 0;
}

static int alloc_waits(struct waiting *waiting)
{
	struct aiodbg_snapshot *snap = waiting->snap;
	struct decoder *decoder = waiting->decoder;
	struct waits *waits = waiting->waits;
	int status = decoder_alloc(decoder, snap->tasks.count * sizeof(struct wait),
				   (void **)&waits->of_tasks);
	if (!status)
		status = decoder_alloc(decoder, snap->threads.count * sizeof(struct wait),
				       (void **)&waits->of_threads);
	if (!status)
		status = decoder_alloc(decoder, snap->threads.count * sizeof(struct thread_facts),
				       (void **)&waits->threads);
	waiting->classes = calloc(snap->interps.count + 1, sizeof(*waiting->classes));
	return status || waiting->classes ? status : waiting_no_memory(waiting);
}

/* In this order. */
static const struct {
	int (*read)(struct waiting *waiting);
	bool for_verdicts;
} parts[] = {
	{executors_read, false},  {read_tasks, false},	   {thread_waits_read, false},
	{candidates_read, false}, {owned_read, false},	   {pools_read, false},
	{users_read, true},	  {holders_decide, false}, {cancelled_read, true},
	{containers_read, false}, {peers_read, false},	   {forked_read, true},
};

int waits_read(struct waiting *waiting)
{
	struct aiodbg_snapshot *snap = waiting->snap;
	int status = alloc_waits(waiting);
	waiting->faults_before = waiting->decoder->reader.fault_count;
	for (size_t i = 0; !status && i < snap->interps.count; i++) {
		status = modules_learn_of_waits(waiting->decoder, &snap->interps.items[i]);
		if (!error_is_fatal(status))
			status = sync_classes_read(waiting->decoder, &snap->interps.items[i],
						   &waiting->classes[i]);
	}
	own_of_snapshot(&waiting->own, snap, true);
	for (size_t i = 0; !status && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (waiting->for_verdicts || !parts[i].for_verdicts)
			status = parts[i].read(waiting);
	}
	waits_find_own_folder(snap, waiting->waits);
	uint32_t pid = waiting->decoder->reader.cache.target->local_pid;
	if (waiting->for_verdicts && pid && snap->tasks.count)
		snap->child_count = family_python_children(pid, snap->children, MODEL_CHILDREN);
	return status;
}

void waiting_init(struct waiting *waiting, struct decoder *decoder, struct aiodbg_snapshot *snap,
		  struct waits *waits, bool for_verdicts)
{
	*waiting = (struct waiting){
		.decoder = decoder, .snap = snap, .waits = waits, .for_verdicts = for_verdicts};
	if (snap->runs_on) {
		waits->has_now = snap->has_began;
		waits->now = snap->began;
		waits->stopped = snap->stopped;
	}
}

void waiting_deinit(struct waiting *waiting)
{
	own_deinit(&waiting->own);
	addrmap_deinit(&waiting->primitives);
	addrmap_deinit(&waiting->types);
	addrmap_deinit(&waiting->keepers);
	addrmap_deinit(&waiting->jobs);
	addrmap_deinit(&waiting->rules);
	addrmap_deinit(&waiting->silent);
	addrmap_deinit(&waiting->places);
	addrmap_deinit(&waiting->executing);
	addrmap_deinit(&waiting->walked);
	addrmap_deinit(&waiting->ended);
	addrmap_deinit(&waiting->deeds);
	addrmap_deinit(&waiting->worked_at);
	addrmap_deinit(&waiting->promises);
	array_deinit(&waiting->lent);
	array_deinit(&waiting->pools);
	addrmap_deinit(&waiting->transports);
	addrmap_deinit(&waiting->files);
	sockets_deinit(&waiting->sockets);
	array_deinit(&waiting->chain);
	array_deinit(&waiting->touched);
	free(waiting->classes);
}
