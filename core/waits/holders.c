/* SPDX-License-Identifier: MIT */
/*
 * Who holds what: the with statements whose body a frame is in, and what their managers lead to.
 *
 * A frame that is still in `await __aenter__` is in no body, so that who waits for a lock is never
 * taken for its holder. Condition.wait() gives its lock back while the with around it goes on.
 */
#include "waits/waiting.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/float.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "cpython/lock.h"
#include "cpython/sequence.h"
#include "cpython/stack.h"
#include "cpython/with.h"

#include <string.h>

/* Managers that keep managers: exit stacks, generators. */
#define MANAGER_DEPTH 8

struct scan {
	struct waiting *waiting;
	size_t interp;
	struct task *task;
	ptrdiff_t thread;
	/* The frame whose with it is: what is shown, whatever own code is inside of its manager. */
	const struct frame *frame;
	const struct with *with;
	struct wait *wait;
	/* What the innermost of the managers that are looked into will call; and the generator
	 * that it is, or NULL. */
	uint64_t exit;
	const struct location *generator;
	/* Its with statement, where the frame is a library's and the generator the program's own. */
	struct site inner;
	unsigned int depth;
	/* Managers that were looked at for this frame. */
	unsigned int managers;
};

/* ---- timeouts ---- */

static void end_at(struct wait *wait, double when)
{
	if (wait->has_deadline && wait->deadline_at <= when)
		return;
	wait->has_deadline = true;
	wait->deadline_at = when;
}

static int read_timer(struct scan *scan, uint64_t timer)
{
	struct decoder *decoder = scan->waiting->decoder;
	struct attr attrs[] = {{.name = "_when"}, {.name = "_cancelled"}};
	double when;
	int64_t cancelled = 0;
	int status = attrs_find(decoder, timer, attrs, 2);
	if (!status && attrs[1].value)
		status = int_read(decoder, attrs[1].value, &cancelled);
	if (!status && attrs[0].value && !cancelled) {
		status = float_read(decoder, attrs[0].value, &when);
		if (!status && scan->wait)
			end_at(scan->wait, when);
	}
	return error_is_fatal(status) ? status : 0;
}

static int visit_timer(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct scan *scan = arg;
	enum sync_class class = SYNC_NONE;
	enum kind kind;
	(void)key;
	int status = object_kind(decoder, value, &kind);
	if (!status && kind == KIND_OTHER)
		status = waiting_class(scan->waiting, scan->interp, value, &class);
	if (!status && class == SYNC_TIMER)
		status = read_timer(scan, value);
	return error_is_fatal(status) ? status : 0;
}

/* A manager that keeps a TimerHandle limits how long its body may take: asyncio.timeout(),
 * async_timeout, anyio's scopes. */
static int read_timers(struct scan *scan, uint64_t manager)
{
	int status = attrs_visit(scan->waiting->decoder, manager, visit_timer, scan);
	return error_is_fatal(status) ? status : 0;
}

/* ---- managers ---- */

static bool is_exclusive(const struct primitive *primitive)
{
	return primitive->kind == PRIMITIVE_LOCK || primitive->kind == PRIMITIVE_THREAD_LOCK ||
	       primitive->kind == PRIMITIVE_THREAD_RLOCK;
}

/* Whether the task has given it back, which then is one that it has taken itself. */
static bool is_given_back(struct waiting *waiting, const struct task *task, uint64_t lock)
{
	struct lent_list *lent = &waiting->lent;
	size_t i = 0;
	while (i < waiting->given_back_count && waiting->given_back[i] != lock)
		i++;
	if (i == waiting->given_back_count)
		return false;
	while (task && lent->count && lent->items[lent->count - 1].task == task &&
	       lent->items[lent->count - 1].lock == lock)
		lent->count--;
	return true;
}

static int resolve(struct scan *scan, uint64_t manager, enum certainty certainty);

static struct site site_of(const struct scan *scan)
{
	if (scan->inner.location)
		return scan->inner;
	return (struct site){scan->frame->location, scan->with->position.line, NULL};
}

static int add_holder(struct scan *scan, struct primitive *primitive, enum certainty certainty)
{
	struct holders *holders = &primitive->holders;
	struct decoder *decoder = scan->waiting->decoder;
	bool releases = false;
	if (is_given_back(scan->waiting, scan->task, primitive->addr))
		return 0;
	int status = code_releases(decoder, scan->frame->location->code, &releases);
	if (!status && !releases && scan->generator)
		status = code_releases(decoder, scan->generator->code, &releases);
	if (error_is_fatal(status))
		return status;
	releases |= scan->waiting->releases;
	/* The frames of one task or thread follow each other. */
	const struct holder *last = holders->count ? &holders->items[holders->count - 1] : NULL;
	ptrdiff_t thread = scan->task ? -1 : scan->thread;
	if (last && last->task == scan->task && last->thread == thread)
		return 0;
	const struct holder holder = {
		.task = scan->task,
		.thread = thread,
		/* A body that releases by itself may have done so. */
		.certainty = releases && certainty == CERTAINTY_CERTAIN ? CERTAINTY_LIKELY
									: certainty,
		.site = site_of(scan),
		.evidence = certainty == CERTAINTY_CERTAIN ? "with" : "attribute of a manager",
	};
	return array_push(holders, holder) && array_push(&scan->waiting->touched, primitive)
		       ? 0
		       : waiting_no_memory(scan->waiting);
}

static int resolve_exit(struct scan *scan, uint64_t exit, uint64_t self)
{
	uint64_t outer = scan->exit;
	scan->exit = exit;
	int status = self ? resolve(scan, self, CERTAINTY_CERTAIN) : 0;
	scan->exit = outer;
	return status;
}

static int visit_inner_with(struct decoder *decoder, const struct with *with, void *arg)
{
	struct scan *scan = arg;
	struct own *own = &scan->waiting->own;
	const struct site outer = scan->inner;
	(void)decoder;
	if (!outer.location && own_is(own, scan->generator->code) &&
	    !own_is(own, scan->frame->location->code))
		scan->inner = (struct site){scan->generator, with->position.line, NULL};
	int status = resolve_exit(scan, with->exit, with->self);
	scan->inner = outer;
	return status;
}

/* A generator that is suspended in the body of a with has that for whoever has the generator. */
static int resolve_generator(struct scan *scan, uint64_t generator)
{
	struct frame frame;
	enum coro_state state;
	struct decoder *decoder = scan->waiting->decoder;
	int status = coro_frame(decoder, generator, &state, &frame);
	if (status || !frame.location || state == CORO_FOREIGN || scan->depth >= MANAGER_DEPTH)
		return error_is_fatal(status) ? status : 0;
	const struct location *outer = scan->generator;
	scan->generator = frame.location;
	scan->depth++;
	status = withs_visit(decoder, &frame, visit_inner_with, scan);
	scan->depth--;
	scan->generator = outer;
	return error_is_fatal(status) ? status : 0;
}

/* An entry of an exit stack: (is it sync, what to call). */
static int visit_exit(struct decoder *decoder, uint64_t item, void *arg)
{
	struct scan *scan = arg;
	uint64_t exit;
	struct callable callable;
	if (scan->managers >= LIMIT_MANAGERS)
		return AIODBG_LIMIT;
	int status = tuple_item(decoder, item, 1, &exit);
	if (!status)
		status = callable_read(decoder, exit, &callable);
	if (!status && callable.kind == KIND_FUNCTION && callable.function) {
		/* callback() wraps what it was given. */
		uint64_t wrapped = 0;
		status = closure_get(decoder, callable.function, "callback", &wrapped);
		callable.self = 0;
		if (!status && wrapped)
			status = callable_read(decoder, wrapped, &callable);
	}
	if (!status)
		status = resolve_exit(scan, exit, callable.self);
	return error_is_fatal(status) ? status : 0;
}

static int resolve_attr(struct scan *scan, uint64_t manager, const char *name,
			int (*then)(struct scan *, uint64_t))
{
	struct attr attr = {.name = name};
	int status = attrs_find(scan->waiting->decoder, manager, &attr, 1);
	if (!status && attr.value)
		status = then(scan, attr.value);
	return error_is_fatal(status) ? status : 0;
}

static int resolve_exits(struct scan *scan, uint64_t exits)
{
	int status = sequence_visit(scan->waiting->decoder, exits, visit_exit, scan);
	return error_is_fatal(status) ? status : 0;
}

static int resolve_certainly(struct scan *scan, uint64_t manager)
{
	return resolve(scan, manager, CERTAINTY_CERTAIN);
}

static int visit_own_lock(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct scan *scan = arg;
	struct primitive *primitive = NULL;
	(void)decoder;
	(void)key;
	int status = primitive_get(scan->waiting, scan->interp, value, &primitive);
	if (!status && primitive &&
	    (is_exclusive(primitive) || primitive->kind == PRIMITIVE_SEMAPHORE))
		status = add_holder(scan, primitive, CERTAINTY_LIKELY);
	return error_is_fatal(status) ? status : 0;
}

/* A class of the user's, whose exit releases something: a lock among its attributes, probably. */
static int resolve_own(struct scan *scan, uint64_t manager)
{
	struct callable exit;
	bool releases = false;
	struct decoder *decoder = scan->waiting->decoder;
	int status = callable_read(decoder, scan->exit, &exit);
	if (!status && exit.code)
		status = code_releases(decoder, exit.code, &releases);
	if (!status && releases)
		status = attrs_visit(decoder, manager, visit_own_lock, scan);
	if (!error_is_fatal(status))
		status = read_timers(scan, manager);
	return error_is_fatal(status) ? status : 0;
}

static int resolve_known(struct scan *scan, uint64_t manager, enum sync_class class,
			 enum certainty certainty)
{
	struct primitive *primitive = NULL;
	switch (class) {
	case SYNC_CONDITION:
	case SYNC_THREAD_CONDITION:
		return resolve_attr(scan, manager, "_lock", resolve_certainly);
	case SYNC_EXIT_STACK:
		return resolve_attr(scan, manager, "_exit_callbacks", resolve_exits);
	case SYNC_GENERATOR_MANAGER:
		return resolve_attr(scan, manager, "gen", resolve_generator);
	case SYNC_NONE:
	case SYNC_TIMEOUT:
		return resolve_own(scan, manager);
	default:
		break;
	}
	int status = primitive_get(scan->waiting, scan->interp, manager, &primitive);
	return status || !primitive ? status : add_holder(scan, primitive, certainty);
}

static int resolve(struct scan *scan, uint64_t manager, enum certainty certainty)
{
	enum kind kind;
	enum sync_class class = SYNC_NONE;
	struct primitive *primitive;
	if (scan->depth >= MANAGER_DEPTH || scan->managers >= LIMIT_MANAGERS)
		return 0;
	scan->managers++;
	scan->depth++;
	int status = object_kind(scan->waiting->decoder, manager, &kind);
	if (!status && (kind == KIND_LOCK || kind == KIND_RLOCK)) {
		status = primitive_get(scan->waiting, scan->interp, manager, &primitive);
		if (!status && primitive)
			status = add_holder(scan, primitive, certainty);
	} else if (!status && kind == KIND_OTHER) {
		status = waiting_class(scan->waiting, scan->interp, manager, &class);
		if (!status)
			status = resolve_known(scan, manager, class, certainty);
	}
	scan->depth--;
	return error_is_fatal(status) ? status : 0;
}

static int visit_with(struct decoder *decoder, const struct with *with, void *arg)
{
	struct scan *scan = arg;
	(void)decoder;
	scan->with = with;
	return resolve_exit(scan, with->exit, with->self);
}

/* Generators that the frame iterates over are on its stack. */
static int visit_value(struct decoder *decoder, const struct stack_value *value, void *arg)
{
	struct scan *scan = arg;
	enum kind kind;
	int status = object_kind(decoder, value->value, &kind);
	if (status || (kind != KIND_ASYNC_GENERATOR && kind != KIND_GENERATOR))
		return error_is_fatal(status) ? status : 0;
	const struct with with = {.position = scan->frame->location->position};
	scan->with = &with;
	return resolve_generator(scan, value->value);
}

void holders_begin(struct waiting *waiting)
{
	waiting->given_back_count = 0;
	waiting->releases = false;
}

static bool is_condition(const struct location *location)
{
	const char *function = location->function;
	return function && (!strcmp(function, "Condition.wait") || !strcmp(function, "wait")) &&
	       (sync_is_file(location->code->filename, "asyncio/locks.py") ||
		sync_is_file(location->code->filename, "threading.py"));
}

/* Condition.wait() gives its lock back, until it has queued for it again. The lock may have been
 * taken by itself, or by another condition that has it as well. */
static int note_given_back(struct waiting *waiting, const struct task *task,
			   const struct frame *frame)
{
	uint64_t self;
	struct attr attr = {.name = "_lock"};
	if (waiting->given_back_count == GIVEN_BACK_MAX ||
	    !waiting_place_is(waiting, frame->location, PLACE_IN_CONDITION, is_condition))
		return 0;
	int status = locals_get(waiting->decoder, frame, "self", &self);
	if (status || !self)
		return status;
	status = attrs_find(waiting->decoder, self, &attr, 1);
	if (status || !attr.value)
		return status;
	waiting->given_back[waiting->given_back_count++] = attr.value;
	if (task && !array_push(&waiting->lent, ((struct lent){task, attr.value})))
		return waiting_no_memory(waiting);
	return 0;
}

/* What a frame calls may release what a with around that has taken. */
static int note_release(struct waiting *waiting, const struct frame *frame)
{
	const struct code *code = frame->location->code;
	bool releases = false;
	if (waiting->releases || !own_is(&waiting->own, code))
		return 0;
	int status = code_releases(waiting->decoder, code, &releases);
	waiting->releases |= !status && releases;
	return status;
}

int holders_read_frame(struct waiting *waiting, size_t interp, struct task *task, ptrdiff_t thread,
		       const struct frame *frame, struct wait *wait)
{
	struct scan scan = {
		.waiting = waiting,
		.interp = interp,
		.task = task,
		.thread = thread,
		.frame = frame,
		.wait = wait,
	};
	bool exact;
	if (!frame->location)
		return 0;
	int status = note_given_back(waiting, task, frame);
	if (!error_is_fatal(status))
		status = withs_visit(waiting->decoder, frame, visit_with, &scan);
	/* What it awaits is on top; below may be what it iterates over. */
	if (!error_is_fatal(status) && frame->depth > 1)
		status = stack_visit(waiting->decoder, frame, &exact, visit_value, &scan);
	if (!error_is_fatal(status))
		status = note_release(waiting, frame);
	return error_is_fatal(status) ? status : 0;
}

void holders_undo(struct waiting *waiting, const struct task *task)
{
	for (size_t i = 0; i < waiting->touched.count; i++) {
		struct holders *holders = &waiting->touched.items[i]->holders;
		/* The last that was added. */
		if (holders->count && holders->items[holders->count - 1].task == task)
			holders->count--;
	}
	waiting->touched.count = 0;
}

/* ---- how sure ---- */

static void limit(struct holders *holders, enum certainty most)
{
	for (size_t i = 0; i < holders->count; i++) {
		if (holders->items[i].certainty > most)
			holders->items[i].certainty = most;
	}
}

/* An exact holder leaves no room for one that is only likely. */
static void drop_unlikely(struct holders *holders)
{
	size_t kept = 0;
	bool has_exact = false;
	for (size_t i = 0; i < holders->count; i++)
		has_exact |= holders->items[i].certainty == CERTAINTY_CERTAIN;
	if (!has_exact)
		return;
	for (size_t i = 0; i < holders->count; i++) {
		if (holders->items[i].certainty == CERTAINTY_CERTAIN)
			holders->items[kept++] = holders->items[i];
	}
	holders->count = kept;
}

/* Of the holders that frames tell those that run in the thread: it, and tasks of its loop. */
static void keep_those_in(struct holders *holders, ptrdiff_t thread)
{
	size_t kept = 0;
	for (size_t i = 0; i < holders->count; i++) {
		const struct holder *holder = &holders->items[i];
		ptrdiff_t by = holder->task ? holder->task->thread : holder->thread;
		/* Which thread runs a loop in Python is not recorded. */
		if (by == thread || by < 0)
			holders->items[kept++] = *holder;
	}
	holders->count = kept;
}

/*
 * The thread that a recursive lock names as its owner: certain, whatever the frames say. If a task
 * of that thread is in a with statement of it, the task has it for the thread.
 */
static int use_owner(struct waiting *waiting, struct primitive *primitive)
{
	struct lock lock;
	const struct threads *threads = &waiting->snap->threads;
	if (primitive->kind != PRIMITIVE_THREAD_RLOCK || primitive->locked != 1)
		return 0;
	int status = lock_read(waiting->decoder, primitive->addr, &lock);
	if (status || !lock.owner)
		return error_is_fatal(status) ? status : 0;
	for (size_t i = 0; i < threads->count; i++) {
		if (threads->items[i].ident != lock.owner)
			continue;
		const struct holder holder = {
			.thread = (ptrdiff_t)i,
			.certainty = CERTAINTY_CERTAIN,
			.evidence = "owner",
		};
		keep_those_in(&primitive->holders, (ptrdiff_t)i);
		if (primitive->holders.count)
			return 0;
		return array_push(&primitive->holders, holder) ? 0 : waiting_no_memory(waiting);
	}
	primitive->owner_gone = !waiting->snap->problem_count;
	return 0;
}

/* Its place among those that hold: tasks, and after them threads. */
static size_t holds_index(const struct aiodbg_snapshot *snap, const struct holder *holder)
{
	return holder->task ? holder->task->index : snap->tasks.count + (size_t)holder->thread;
}

/* By who holds: a counting sort of all holders. */
static int list_holds(struct waiting *waiting)
{
	struct waits *waits = waiting->waits;
	const struct aiodbg_snapshot *snap = waiting->snap;
	size_t count = snap->tasks.count + snap->threads.count, total = 0;
	for (size_t i = 0; i < waits->primitives.count; i++)
		total += waits->primitives.items[i]->holders.count;
	int status = decoder_alloc(waiting->decoder, (count + 2) * sizeof(size_t),
				   (void **)&waits->first_hold);
	if (!status)
		status = decoder_alloc(waiting->decoder, (total + 1) * sizeof(*waits->holds),
				       (void **)&waits->holds);
	for (int pass = 0; !status && pass < 2; pass++) {
		for (size_t i = 0; i < waits->primitives.count; i++) {
			struct primitive *primitive = waits->primitives.items[i];
			for (size_t k = 0; k < primitive->holders.count; k++) {
				size_t by = holds_index(snap, &primitive->holders.items[k]);
				if (!pass)
					waits->first_hold[by + 2]++;
				else
					waits->holds[waits->first_hold[by + 1]++] = primitive;
			}
		}
		for (size_t i = 2; !pass && i < count + 2; i++)
			waits->first_hold[i] += waits->first_hold[i - 1];
	}
	return status;
}

static void drop_holder(struct primitive *primitive, const struct task *task)
{
	struct holders *holders = &primitive->holders;
	size_t kept = 0;
	for (size_t i = 0; i < holders->count; i++) {
		if (holders->items[i].task != task)
			holders->items[kept++] = holders->items[i];
	}
	holders->count = kept;
}

/* How many tasks are looked at that await, directly or not, one that waits at a condition. */
#define BORROWERS_MAX 32

/*
 * Whoever awaits a task that waits at a condition, as in wait_for(condition.wait(), 10), has had
 * that give back the lock which it took itself.
 */
static void drop_lenders(struct waiting *waiting, const struct lent *lent)
{
	struct primitive *primitive = addrmap_get(&waiting->primitives, lent->lock);
	const struct task *tasks[BORROWERS_MAX] = {lent->task};
	size_t count = 1;
	for (size_t i = 0; primitive && i < count; i++) {
		drop_holder(primitive, tasks[i]);
		for (size_t k = 0; k < tasks[i]->awaiter_count && count < BORROWERS_MAX; k++) {
			const struct task *awaiter = tasks[i]->awaiters[k].awaiter;
			bool is_new = awaiter != NULL;
			for (size_t n = 0; is_new && n < count; n++)
				is_new = tasks[n] != awaiter;
			if (is_new)
				tasks[count++] = awaiter;
		}
	}
}

static void decide(struct primitive *primitive)
{
	struct holders *holders = &primitive->holders;
	if (primitive->releasers.count || primitive->derived)
		limit(holders, CERTAINTY_LIKELY);
	drop_unlikely(holders);
	if (primitive->kind == PRIMITIVE_SEMAPHORE && primitive->bound > 0 &&
	    primitive->value >= 0 && holders->count > (size_t)(primitive->bound - primitive->value))
		limit(holders, CERTAINTY_LIKELY);
	if (!is_exclusive(primitive))
		return;
	/* In the middle of release(), or of being taken. */
	if (primitive->locked == 0)
		holders->count = 0;
	if (primitive->locked != 1 || holders->count > 1)
		limit(holders, CERTAINTY_LIKELY);
	primitive->handed_over = primitive->locked == 0 && primitive->waiter_count > 0;
}

int holders_decide(struct waiting *waiting)
{
	struct primitives *primitives = &waiting->waits->primitives;
	for (size_t i = 0; i < waiting->lent.count; i++)
		drop_lenders(waiting, &waiting->lent.items[i]);
	for (size_t i = 0; i < primitives->count; i++) {
		struct primitive *primitive = primitives->items[i];
		int status = use_owner(waiting, primitive);
		if (status)
			return status;
		decide(primitive);
	}
	return list_holds(waiting);
}
