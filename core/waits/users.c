/* SPDX-License-Identifier: MIT */
/*
 * Who has something of a pool or semaphore that has no more, or may give something back. A pool of a
 * known project tells what it has given out, and whoever leads to that has it. Of others, a task may
 * give something back if one of its frames leads to the pool, in a function that names what is done
 * for that, or is in a with statement whose manager does.
 *
 * Somebody too many is no harm, since as long as one of them goes on, nobody has run out of it.
 */
#include "asyncio/future.h"
#include "asyncio/handle.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/stack.h"
#include "cpython/with.h"
#include "waits/trails.h"

#include <string.h>

/* Steps of attributes: to a pool from what it has given out; from a session of SQLAlchemy's. */
#define STEPS 3
#define STEPS_FAR 5

/* Holders among which one is not added again. */
#define NEAR 64

static const char evidence[] = "has what it gave";

/* Attributes that have what was given, of pools of any project; and the attribute that each of these
 * has then; NULL: all have been given. */
static const struct {
	const char *list, *taken;
} given[] = {
	{"_acquired", NULL},	 {"_requests", "connection"},
	{"_holders", "_in_use"}, {"_in_use", NULL},
	{"in_use", NULL},	 {"_used", NULL},
	{"used", NULL},		 {"_busy", NULL},
	{"busy", NULL},		 {"_leased", NULL},
	{"_checked_out", NULL},
};
#define GIVEN_COUNT (sizeof(given) / sizeof(given[0]))

/* What is called to give something back. */
static const char *const gives[] = {
	"release",   "put",  "put_nowait", "close",  "aclose", "checkin",
	"give_back", "give", "free",	   "append", "notify", "notify_all",
};

ARRAY(wanted_list, struct wanted *);

struct users {
	struct waiting *waiting;
	struct addrmap wanted;
	struct wanted_list list;
	struct trails trails;
	/* By code: 1, or 2 if it names how something is given back. */
	struct addrmap uses;
	struct task *task;
	const struct frame *frame;
	/* The variables are of a function that gives something back, or of a manager's. */
	bool gives;
	/* The list that is visited. */
	struct primitive *primitive;
	const char *taken;
	size_t given_count;
	/* The loop whose timers were looked at last; how many. */
	uint64_t loop;
	size_t timers;
};

/* ---- what is looked for ---- */

static int want(struct users *users, uint64_t addr, const struct wanted *wanted)
{
	struct wanted *copy;
	if (!addr || addrmap_get(&users->wanted, addr))
		return 0;
	int status = decoder_alloc(users->waiting->decoder, sizeof(*copy), (void **)&copy);
	if (status)
		return status;
	*copy = *wanted;
	bool good = addrmap_put(&users->wanted, addr, copy) && array_push(&users->list, copy);
	return good ? 0 : waiting_no_memory(users->waiting);
}

static int visit_given(struct decoder *decoder, uint64_t item, void *arg)
{
	struct users *users = arg;
	struct attr attr = {.name = users->taken};
	const struct wanted wanted = {.primitive = users->primitive, .is_given = true};
	enum kind kind = KIND_OTHER;
	int status = work_step(&decoder->reader.work);
	if (!status && users->taken)
		status = attrs_find(decoder, item, &attr, 1);
	if (!status && users->taken)
		status = attr.value ? object_kind(decoder, attr.value, &kind) : AIODBG_NOT_FOUND;
	if (status || kind == KIND_NONE)
		return error_is_fatal(status) ? status : 0;
	users->given_count++;
	return want(users, item, &wanted);
}

/* What the owner says that it has given. */
static int want_given(struct users *users, const struct pool_found *pool)
{
	struct decoder *decoder = users->waiting->decoder;
	int status = 0;
	users->primitive = pool->primitive;
	users->given_count = 0;
	for (size_t i = 0; !status && pool->owner && i < GIVEN_COUNT && !users->given_count; i++) {
		struct attr attr = {.name = given[i].list};
		enum kind kind = KIND_NONE;
		users->taken = given[i].taken;
		status = attrs_find(decoder, pool->owner, &attr, 1);
		if (!status && attr.value)
			status = object_kind(decoder, attr.value, &kind);
		if (!status && kind == KIND_SET)
			status = set_visit(decoder, attr.value, visit_given, users);
		else if (!status && (kind == KIND_LIST || kind == KIND_DEQUE))
			status = sequence_visit(decoder, attr.value, visit_given, users);
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}

static int want_pool(struct users *users, const struct pool_found *pool)
{
	const struct wanted typed = {
		.primitive = pool->primitive, .of_type = pool->given_type, .is_given = true};
	const struct wanted any = {.primitive = pool->primitive};
	if (pool->given_type) {
		users->trails.steps = STEPS_FAR;
		return want(users, pool->primitive->addr, &typed);
	}
	int status = want_given(users, pool);
	if (status || users->given_count)
		return status;
	status = want(users, pool->primitive->addr, &any);
	return status ? status : want(users, pool->owner, &any);
}

static int want_all(struct users *users)
{
	struct waiting *waiting = users->waiting;
	const struct primitives *primitives = &waiting->waits->primitives;
	int status = 0;
	for (size_t i = 0; !status && i < waiting->pools.count; i++)
		status = want_pool(users, &waiting->pools.items[i]);
	for (size_t i = 0; !status && i < primitives->count; i++) {
		struct primitive *primitive = primitives->items[i];
		const struct wanted any = {.primitive = primitive};
		if (primitive->kind == PRIMITIVE_SEMAPHORE && primitive->value == 0 &&
		    primitive->waiter_count && !primitive->is_pool)
			status = want(users, primitive->addr, &any);
	}
	return status;
}

/* ---- who leads to it ---- */

static bool is_waiter(const struct users *users, const struct primitive *primitive)
{
	return users->task &&
	       users->waiting->waits->of_tasks[users->task->index].object == primitive;
}

static struct site site_of(const struct users *users)
{
	const struct location *location = users->frame->location;
	if (own_is(&users->waiting->own, location->code))
		return (struct site){location, location->position.line, NULL};
	return users->waiting->waits->of_tasks[users->task->index].site;
}

static int add_holder(struct users *users, struct primitive *primitive, struct task *task,
		      struct site site)
{
	struct holders *holders = &primitive->holders;
	const struct holder holder = {
		.task = task,
		.thread = -1,
		.certainty = CERTAINTY_LIKELY,
		.site = site,
		.evidence = evidence,
	};
	for (size_t i = holders->count; i > 0 && i + NEAR > holders->count; i--) {
		if (holders->items[i - 1].task == task)
			return 0;
	}
	return array_push(holders, holder) ? 0 : waiting_no_memory(users->waiting);
}

static int add_user(struct users *users, struct primitive *primitive)
{
	struct tasks *list = &primitive->users;
	if (!users->task) {
		primitive->has_other_users = true;
		return 0;
	}
	if (list->count && list->items[list->count - 1] == users->task)
		return 0;
	return array_push(list, users->task) ? 0 : waiting_no_memory(users->waiting);
}

/* One of the things that were given: only one task can have it. */
static int meet_given(struct users *users, struct wanted *wanted)
{
	if (!wanted->by) {
		wanted->by = users->task;
		wanted->site = site_of(users);
	}
	if (wanted->by == users->task)
		return 0;
	wanted->is_shared = true;
	return add_user(users, wanted->primitive);
}

static int decide(struct users *users)
{
	int status = 0;
	for (size_t i = 0; !status && i < users->list.count; i++) {
		const struct wanted *wanted = users->list.items[i];
		users->task = wanted->by;
		if (wanted->by && wanted->is_shared)
			status = add_user(users, wanted->primitive);
		else if (wanted->by)
			status = add_holder(users, wanted->primitive, wanted->by, wanted->site);
	}
	return status;
}

static int meet(struct users *users, struct wanted *wanted)
{
	/* It waits for one more: whether it has one already, the pool's own lists tell. */
	if (!wanted->is_given && (is_waiter(users, wanted->primitive) || !users->gives))
		return 0;
	if (!wanted->is_given || !users->frame)
		return add_user(users, wanted->primitive);
	if (!wanted->of_type)
		return meet_given(users, wanted);
	return add_holder(users, wanted->primitive, users->task, site_of(users));
}

/* An object that a frame or callback has. */
static int look_at(struct users *users, uint64_t value)
{
	struct decoder *decoder = users->waiting->decoder;
	struct wanted *wanted = addrmap_get(&users->wanted, value);
	const struct trail *led = NULL;
	enum kind kind;
	if (wanted && !wanted->of_type)
		return meet(users, wanted);
	int status = object_kind(decoder, value, &kind);
	if (!status && kind == KIND_OTHER)
		status = trails_of(&users->trails, value, &led);
	for (; !status && led; led = led->next)
		status = meet(users, led->wanted);
	return error_is_fatal(status) ? status : 0;
}

static int find_use(struct users *users, const struct code *code, bool *ret)
{
	uintptr_t known = (uintptr_t)addrmap_get(&users->uses, code->addr);
	int status = 0;
	bool gives_back = known == 2;
	for (size_t i = 0; !known && !status && !gives_back && i < sizeof(gives) / sizeof(gives[0]);
	     i++)
		status = code_mentions(users->waiting->decoder, code, gives[i], &gives_back);
	if (error_is_fatal(status))
		return status;
	*ret = gives_back;
	if (known)
		return 0;
	known = gives_back ? 2 : 1;
	return addrmap_put(&users->uses, code->addr, (void *)known)
		       ? 0
		       : waiting_no_memory(users->waiting);
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	(void)decoder;
	return local->value ? look_at(arg, local->value) : 0;
}

/* A manager: what it leads to, or the variables of the generator that it is made of. */
static int visit_with(struct decoder *decoder, const struct with *with, void *arg)
{
	struct users *users = arg;
	struct attr attr = {.name = "gen"};
	struct frame frame;
	enum coro_state state;
	enum kind kind = KIND_NONE;
	int status = with->self ? object_kind(decoder, with->self, &kind) : 0;
	if (status || kind != KIND_OTHER)
		return error_is_fatal(status) ? status : 0;
	users->gives = true;
	status = look_at(users, with->self);
	if (!status)
		status = attrs_find(decoder, with->self, &attr, 1);
	if (!status && attr.value)
		status = coro_frame(decoder, attr.value, &state, &frame);
	if (!status && attr.value && frame.location && state == CORO_SUSPENDED)
		status = locals_visit(decoder, &frame, visit_local, users);
	return error_is_fatal(status) ? status : 0;
}

static int read_frame(struct users *users, const struct frame *frame)
{
	struct decoder *decoder = users->waiting->decoder;
	const struct code *code = frame->location->code;
	users->frame = frame;
	users->gives = false;
	int status = own_is(&users->waiting->own, code) ? find_use(users, code, &users->gives) : 0;
	if (!status)
		status = locals_visit(decoder, frame, visit_local, users);
	if (!error_is_fatal(status))
		status = withs_visit(decoder, frame, visit_with, users);
	return error_is_fatal(status) ? status : 0;
}

/* ---- callbacks ---- */

static int visit_argument(struct decoder *decoder, uint64_t item, void *arg)
{
	uint64_t content = item;
	enum kind kind;
	int status = object_kind(decoder, item, &kind);
	if (!status && kind == KIND_CELL)
		status = cell_get(decoder, item, &content);
	if (status || !content)
		return error_is_fatal(status) ? status : 0;
	return look_at(arg, content);
}

/* What calling it may give back. */
static int look_at_callable(struct users *users, const struct callable *callable)
{
	struct decoder *decoder = users->waiting->decoder;
	int32_t offset = decoder->layout->function.closure;
	uint64_t closure = 0;
	enum kind kind = KIND_NONE;
	int status = callable->self ? look_at(users, callable->self) : 0;
	if (!status && callable->args)
		status = sequence_visit(decoder, callable->args, visit_argument, users);
	if (!status && callable->function && offset != LAYOUT_NONE)
		status = object_kind(decoder, callable->function, &kind);
	if (!status && kind == KIND_FUNCTION)
		status = reader_word(&decoder->reader, callable->function + (uint64_t)offset,
				     &closure);
	if (!status && closure)
		status = sequence_visit(decoder, closure, visit_argument, users);
	return error_is_fatal(status) ? status : 0;
}

static int visit_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct callable callable;
	int status = callable_read(decoder, addr, &callable);
	if (!status)
		status = look_at_callable(arg, &callable);
	return error_is_fatal(status) ? status : 0;
}

/* A timer that is to call something, as of a limit of so many calls a second. */
static int visit_timer(struct decoder *decoder, uint64_t item, void *arg)
{
	struct users *users = arg;
	struct handle handle;
	int status = work_step(&decoder->reader.work);
	if (status || ++users->timers > LIMIT_LOOP_ENTRIES)
		return status ? status : AIODBG_LIMIT;
	status = handle_read(decoder, item, &handle);
	if (status || handle.is_cancelled || handle.kind != HANDLE_CALLBACK)
		return error_is_fatal(status) ? status : 0;
	status = look_at_callable(users, &handle.callable);
	if (!status && handle.args)
		status = sequence_visit(decoder, handle.args, visit_argument, users);
	return error_is_fatal(status) ? status : 0;
}

static int read_loop(struct users *users, uint64_t loop)
{
	struct attr attr = {.name = "_scheduled"};
	int status = trails_leave_out(&users->trails, loop);
	if (status || loop == users->loop)
		return status;
	users->loop = loop;
	users->task = NULL;
	users->gives = true;
	status = attrs_find(users->waiting->decoder, loop, &attr, 1);
	if (!status && attr.value)
		status = sequence_visit(users->waiting->decoder, attr.value, visit_timer, users);
	return error_is_fatal(status) ? status : 0;
}

/* ---- all tasks ---- */

static int read_task(struct users *users, struct task *task)
{
	struct waiting *waiting = users->waiting;
	struct future future;
	users->task = task;
	int status = waiting_walk(waiting, task);
	for (size_t i = 0; !error_is_fatal(status) && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		if (frame->location)
			status = read_frame(users, frame);
	}
	users->frame = NULL;
	users->gives = true;
	if (!error_is_fatal(status))
		status = future_read(waiting->decoder, task->id, EXPECT_TASK, &future);
	if (!status)
		status = future_visit_callbacks(waiting->decoder, &future, visit_callback, users);
	return error_is_fatal(status) ? status : 0;
}

int users_read(struct waiting *waiting)
{
	struct users users = {.waiting = waiting};
	const struct aiodbg_snapshot *snap = waiting->snap;
	/* Of a transaction of SQLAlchemy's. */
	users.trails = (struct trails){.waiting = waiting,
				       .wanted = &users.wanted,
				       .steps = STEPS,
				       .followed = "_connections",
				       .limit = LIMIT_LEADS_OBJECTS};
	int status = want_all(&users);
	for (size_t i = 0; !status && users.wanted.count && i < snap->tasks.count; i++) {
		struct task *task = snap->tasks.items[i];
		status = read_loop(&users, task->loop);
		if (!status)
			status = work_step(&waiting->decoder->reader.work);
		if (!status && task_is_pending(task) && !task->is_copy)
			status = read_task(&users, task);
	}
	if (!status)
		status = decide(&users);
	for (size_t i = 0; users.trails.is_cut && i < waiting->waits->primitives.count; i++)
		waiting->waits->primitives.items[i]->has_other_users = true;
	addrmap_deinit(&users.wanted);
	array_deinit(&users.list);
	addrmap_deinit(&users.uses);
	trails_deinit(&users.trails);
	return status;
}
