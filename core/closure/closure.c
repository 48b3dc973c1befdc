/* SPDX-License-Identifier: MIT */
/*
 * Who alone can wake a task: a proof by reference counts.
 *
 * From the frames of all tasks that wait for something that is not a matter of time, references are
 * followed through objects whose references are known. An object that is counted as often as it was
 * met on this way has no other reference: whoever comes to it comes from one of these frames. So
 * the future of a task to which no other way leads can only be completed by the tasks in whose
 * frames the ways begin, and if all of those wait as well, by nobody.
 *
 * What is missed makes an object look as if somebody else had it, which is no proof of anything.
 * What would be wrong is to count a reference twice or one that is not counted: each slot is visited
 * once, values on the stack of a frame only where its depth is known, borrowed ones not at all.
 */
#include "closure/closure.h"

#include "asyncio/future.h"
#include "asyncio/native_loop.h"
#include "base/error.h"
#include "closure/references.h"
#include "cpython/callable.h"

#include <string.h>

/* Objects that are gone back through from one. */
#define OBJECTS_BACK 2000

/* Nobody is known to wake it. */
static bool is_puzzling(const struct waiting *waiting, const struct task *task)
{
	const struct wait *wait = &waiting->waits->of_tasks[task->index];
	const struct primitive *object = wait->object;
	if (!closure_is_root(waiting, task) || wait->for_tasks || wait->thread >= 0 ||
	    wait->queued || wait->kind == WAIT_EXECUTOR)
		return false;
	for (size_t i = 0; object && wait->kind == WAIT_LOCK && i < object->holders.count; i++) {
		if (object->holders.items[i].certainty == CERTAINTY_CERTAIN)
			return false;
	}
	return true;
}

/* ---- sets ---- */

/* The tasks from whose frames the thing is reached, but for ways through stop, and those that have
 * ended whose exceptions lead there.
 * *reached: there are such. *whole is false if there is too much in between. */
static int find_owners(struct closure *closure, struct thing *thing, const struct thing *stop,
		       bool *reached, bool *whole)
{
	struct indexes *todo = &closure->todo, *found = &closure->found;
	size_t count = 0;
	closure->search++;
	todo->count = found->count = closure->found_ended.count = 0;
	*reached = false;
	thing->seen = closure->search;
	bool good = array_push(todo, (size_t)(thing - closure->things.items));
	while (good && todo->count && count++ < OBJECTS_BACK) {
		const struct thing *at = &closure->things.items[todo->items[--todo->count]];
		for (size_t next = at->last_in; good && next;) {
			const struct reference *in = &closure->references.items[next - 1];
			next = in->next_in;
			if (in->from == REFERENCE_OF_FRAME) {
				bool known = found->count &&
					     found->items[found->count - 1] == in->task;
				good = known || array_push(found, in->task);
				continue;
			}
			struct thing *from = &closure->things.items[in->from];
			*reached |= from == stop;
			if (from == stop || from->seen == closure->search)
				continue;
			from->seen = closure->search;
			/* Whoever has such a task does nothing with what its functions had. */
			good = from->ended ? array_push(&closure->found_ended, from->ended - 1)
					   : array_push(todo, in->from);
		}
	}
	*whole = !todo->count;
	return good ? 0 : waiting_no_memory(closure->waiting);
}

static int compare_indexes(const void *a, const void *b)
{
	const size_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Whether there are more references to the task than were met, and the one that wakes it. */
static int has_more(struct closure *closure, const struct task *task, bool *ret)
{
	const struct thing *thing = closure_thing(closure, task->id);
	struct refcount refs;
	int status = object_refcount(closure->waiting->decoder, task->id, &refs);
	*ret = !status && refs.count > (thing ? thing->in_count : 0) + 1;
	return error_is_fatal(status) ? status : 0;
}

/* Tasks that await each other, as far as this is followed. */
#define AWAITERS 64

/* Whether something keeps one of the tasks, of those that await them, or of those that have them,
 * besides the future that it waits for: or else a collection of garbage ends them all. */
static int is_kept(struct closure *closure, const size_t *tasks, size_t count, bool *ret)
{
	const struct aiodbg_snapshot *snap = closure->waiting->snap;
	int status = 0;
	*ret = false;
	for (size_t i = 0; !status && !*ret && i < count; i++) {
		const struct task *task = snap->tasks.items[tasks[i]];
		struct thing *thing = closure_thing(closure, task->id);
		bool reached, whole;
		closure->found.count = 0;
		if (thing)
			status = find_owners(closure, thing, NULL, &reached, &whole);
		for (size_t k = 0; !status && !*ret && k < closure->found.count; k++)
			status = has_more(closure, snap->tasks.items[closure->found.items[k]], ret);
		for (size_t n = 0; !status && !*ret && task && n < AWAITERS; n++) {
			status = has_more(closure, task, ret);
			task = task->awaiter_count ? task->awaiters[0].awaiter : NULL;
		}
	}
	return status;
}

static int make_set(struct closure *closure, struct indexes *tasks, const struct closed_set **ret)
{
	struct decoder *decoder = closure->waiting->decoder;
	struct closed_sets *sets = &closure->waiting->waits->closed_sets;
	struct closed_set *set;
	bool kept;
	const struct indexes *found_ended = &closure->found_ended;
	size_t count = 0, ended_count = found_ended->count, *owners, *ended;
	qsort(tasks->items, tasks->count, sizeof(*tasks->items), compare_indexes);
	for (size_t i = 0; i < tasks->count; i++) {
		if (!count || tasks->items[count - 1] != tasks->items[i])
			tasks->items[count++] = tasks->items[i];
	}
	int status = decoder_alloc(decoder, sizeof(*set), (void **)&set);
	if (!status)
		status = decoder_alloc(decoder, count * sizeof(*owners), (void **)&owners);
	if (!status)
		status = decoder_alloc(decoder, (ended_count + 1) * sizeof(*ended),
				       (void **)&ended);
	if (status)
		return status;
	memcpy(owners, tasks->items, count * sizeof(*owners));
	if (ended_count)
		memcpy(ended, found_ended->items, ended_count * sizeof(*ended));
	status = is_kept(closure, owners, count, &kept);
	if (status)
		return status;
	*set = (struct closed_set){
		.index = sets->count,
		.owners = owners,
		.owner_count = count,
		.ended = ended,
		.ended_count = ended_count,
		.is_garbage = !kept,
		/* An exception's traceback gives what it has to whoever asks for it. */
		.certainty = kept && !ended_count ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY,
	};
	for (size_t i = 0; i < count; i++) {
		if (closure->foreign[owners[i]])
			set->certainty = CERTAINTY_LIKELY;
	}
	*ret = set;
	return array_push(sets, set) ? 0 : waiting_no_memory(closure->waiting);
}

/* That of the object that a task waits at, made when it is first asked for. NULL: none. */
static int set_of_object(struct closure *closure, struct thing *object,
			 const struct closed_set **ret)
{
	bool reached, whole;
	void *known = addrmap_get(&closure->sets, object->addr);
	*ret = known == closure ? NULL : known;
	if (known)
		return 0;
	int status = find_owners(closure, object, NULL, &reached, &whole);
	if (!status && whole && closure->found.count)
		status = make_set(closure, &closure->found, ret);
	if (status)
		return status;
	known = *ret ? (void *)(uintptr_t)*ret : closure;
	return addrmap_put(&closure->sets, object->addr, known)
		       ? 0
		       : waiting_no_memory(closure->waiting);
}

static int visit_done(struct decoder *decoder, uint64_t addr, void *arg)
{
	bool *is_main = arg;
	struct callable callable;
	bool is_native;
	int status = native_loop_is_done(decoder, addr, &is_native);
	*is_main |= is_native;
	if (status)
		return status;
	status = callable_read(decoder, addr, &callable);
	if (!status && callable.code && callable.code->name)
		*is_main |= !strcmp(callable.code->name, "_run_until_complete_cb");
	return error_is_fatal(status) ? status : 0;
}

int closure_is_main(struct waiting *waiting, const struct task *task, bool *ret)
{
	struct future future;
	*ret = false;
	int status = future_read(waiting->decoder, task->id, EXPECT_TASK, &future);
	if (!status)
		status = future_visit_callbacks(waiting->decoder, &future, visit_done, ret);
	return error_is_fatal(status) ? status : 0;
}

/* Whether a frame of the program's has what the task waits for in a variable, or an object has. */
static bool has_name(struct closure *closure, const struct wait *wait, const struct thing *future)
{
	const struct thing *object = wait->object ? closure_thing(closure, wait->object->addr)
						  : NULL;
	/* A future: FutureIter and the task itself. An event: wait()'s self, or its method. */
	return object ? object->in_count > 1 : future->in_count > 2;
}

static int judge(struct closure *closure, const struct task *task)
{
	struct wait *wait = &closure->waiting->waits->of_tasks[task->index];
	struct thing *future = closure_thing(closure, task->fut_waiter);
	struct thing *object = wait->object ? closure_thing(closure, wait->object->addr) : NULL;
	const struct closed_set *shared = NULL;
	bool reached, whole;
	int status = 0;
	/* What ends a process may wake its main task. */
	if (wait->kind == WAIT_EVENT || (future && !future->open))
		status = closure_is_main(closure->waiting, task, &wait->for_ever);
	if (status || !future || future->open)
		return status;
	wait->for_ever |= !has_name(closure, wait, future);
	status = object && !object->open ? set_of_object(closure, object, &shared) : 0;
	if (!status)
		status = find_owners(closure, future, shared ? object : NULL, &reached, &whole);
	if (status || !whole)
		return status;
	struct indexes *found = &closure->found;
	bool alone = true;
	for (size_t i = 0; i < found->count; i++)
		alone &= found->items[i] == task->index;
	if (shared && reached && alone) {
		wait->closed = shared;
		return 0;
	}
	for (size_t i = 0; reached && i < shared->ended_count; i++) {
		if (!array_push(&closure->found_ended, shared->ended[i]))
			return waiting_no_memory(closure->waiting);
	}
	for (size_t i = 0; reached && i < shared->owner_count; i++) {
		if (!array_push(found, shared->owners[i]))
			return waiting_no_memory(closure->waiting);
	}
	return make_set(closure, found, &wait->closed);
}

/* Somebody else has a method of it, or a function that has it in a cell. */
static bool has_open_callable(const struct closure *closure, const struct thing *thing)
{
	for (size_t next = thing->last_in; next;) {
		const struct reference *in = &closure->references.items[next - 1];
		next = in->next_in;
		if (in->from == REFERENCE_OF_FRAME)
			continue;
		const struct thing *from = &closure->things.items[in->from];
		if (from->open && (from->kind == KIND_METHOD || from->kind == KIND_CFUNCTION ||
				   from->kind == KIND_CELL || from->kind == KIND_PARTIAL))
			return true;
	}
	return false;
}

/* A lock that nobody is seen to have, by a with statement or as its owner. */
static bool is_unseen(const struct primitive *object)
{
	bool is_seen = object->holders.count &&
		       object->holders.items[0].evidence != holder_by_reference;
	return !is_seen && object->waiter_count;
}

/* Who has a reference to a lock may give it back, as a timer does whose callback is its release(). */
static int find_others(struct closure *closure)
{
	struct primitives *primitives = &closure->waiting->waits->primitives;
	for (size_t i = 0; i < primitives->count; i++) {
		struct primitive *object = primitives->items[i];
		const struct thing *thing = closure_thing(closure, object->addr);
		struct refcount refs;
		if (!is_unseen(object))
			continue;
		int status = object_refcount(closure->waiting->decoder, object->addr, &refs);
		if (error_is_fatal(status))
			return status;
		object->has_others = status || !thing || refs.immortal ||
				     refs.count > thing->in_count ||
				     has_open_callable(closure, thing);
	}
	return 0;
}

/* Where that is not counted, somebody may. */
static void suppose_others(struct waiting *waiting)
{
	struct primitives *primitives = &waiting->waits->primitives;
	for (size_t i = 0; i < primitives->count; i++)
		primitives->items[i]->has_others |= is_unseen(primitives->items[i]);
}

static int read_all(struct closure *closure)
{
	struct waiting *waiting = closure->waiting;
	struct aiodbg_snapshot *snap = waiting->snap;
	closure->foreign = calloc(snap->tasks.count + 1, sizeof(bool));
	int status = closure->foreign ? closure_walk(closure, NULL)
				      : waiting_no_memory(closure->waiting);
	if (!status)
		status = closure_open(closure);
	if (!status)
		status = find_others(closure);
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		if (is_puzzling(waiting, snap->tasks.items[i]))
			status = judge(closure, snap->tasks.items[i]);
	}
	return status;
}

/* Whether somebody has a permit of a semaphore that nobody can see. */
static bool do_permits_move(const struct waiting *waiting)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	for (size_t i = 0; i < tasks->count; i++) {
		const struct task *task = tasks->items[i];
		const char *name = task->depth ? task->stack[0]->code->name : NULL;
		bool is_woken = waiting->waits->of_tasks[i].kind == WAIT_READY && name &&
				!strcmp(name, "acquire");
		if (is_woken || task->problems || task->state == AIODBG_TASK_RUNNING)
			return true;
	}
	return false;
}

/* Find the tasks that can only be woken by tasks that wait themselves. */
static int read_closed(struct waiting *waiting)
{
	const struct aiodbg_snapshot *snap = waiting->snap;
	struct closure closure = {.waiting = waiting};
	bool wanted = false;
	waiting->waits->permits_move = do_permits_move(waiting);
	/* In a free-threaded build the counts are spread over threads, and some are put off. */
	for (size_t i = 0; !snap->free_threaded && !wanted && i < snap->tasks.count; i++)
		wanted = is_puzzling(waiting, snap->tasks.items[i]);
	if (!wanted)
		suppose_others(waiting);
	int status = wanted ? read_all(&closure) : 0;
	closure_deinit(&closure);
	return status;
}

/* References that can't be followed in what runs on are not counted, which proves nothing. */
int closure_read(struct waiting *waiting)
{
	bool had_gaps = waiting_has_gaps(waiting);
	int status = ended_read(waiting);
	if (!status)
		status = read_closed(waiting);
	if (!status)
		status = givers_read(waiting);
	if (!status)
		status = abandoned_read(waiting);
	waiting->waits->has_gaps = waiting->decoder->reader.cache.changing
					   ? had_gaps
					   : waiting_has_gaps(waiting);
	return status;
}
