/* SPDX-License-Identifier: MIT */
/* See render/json_waits.h. */
#include "render/json_waits.h"

#include "base/text.h"
#include "render/json_put.h"
#include "render/reason.h"

#include <string.h>

/* ---- text ---- */

void json_begin_words(struct output *words)
{
	output_init(words, &output_to_memory);
}

/* Nothing that is written there is as long as its buffer. */
void json_put_words(struct json_gen *gen, const struct output *words)
{
	json_string(gen, words->buffer, words->used);
}

/* ---- parts ---- */

void json_put_tid(struct json_gen *gen, const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	uint64_t tid = thread >= 0 ? snap->threads.items[thread].tid : 0;
	put_integer_or_null(gen, tid ? (int64_t)tid : -1);
}

static void put_holders(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			const struct primitive *object)
{
	json_open_array(gen);
	for (size_t i = 0; object && i < object->holders.count; i++) {
		const struct holder *holder = &object->holders.items[i];
		json_open_map(gen);
		put_key(gen, "task");
		put_address_or_null(gen, holder->task ? holder->task->id : 0);
		put_key(gen, "thread");
		json_put_tid(gen, snap, holder->thread);
		put_key(gen, "certainty");
		put_string(gen, certainty_name(holder->certainty));
		put_key(gen, "evidence");
		put_string(gen, holder->evidence);
		put_key(gen, "line");
		put_integer_or_null(gen, holder->site.location ? holder->site.line : -1);
		json_close_map(gen);
	}
	json_close_array(gen);
}

static void put_deadline(struct json_gen *gen, const struct waits *waits, const struct wait *wait)
{
	bool known = wait->has_deadline && waits->has_now && !waits->now_is_least;
	put_key(gen, "deadline");
	put_seconds(gen, wait->deadline_at - waits->now, known);
	put_key(gen, "deadline_at");
	put_seconds(gen, wait->deadline_at, wait->has_deadline);
}

/* What a wait is for: its object, or else the future itself. */
static uint64_t object_of(const struct wait *wait)
{
	return wait->object ? wait->object->addr : wait->future;
}

/* Those that wait for the same object, or whose work is in the same queue. */
static int64_t waiters_of(const struct wait *wait)
{
	if (wait->queue_length)
		return (int64_t)wait->queue_length;
	return wait->object ? (int64_t)wait->object->waiter_count : -1;
}

static void put_place(struct json_gen *gen, const struct wait *wait)
{
	put_integer_or_null(gen, wait->place ? (int64_t)wait->place : -1);
}

/* Nothing is known of a file, process or thread. */
static bool has_no_facts(const struct wait *wait)
{
	return wait->fd < 0 && !wait->peer && wait->unsent < 0 && wait->pid < 0 && wait->thread < 0;
}

/* Those keys, without the brace in front of the first one. */
static void put_facts(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		      const struct wait *wait)
{
	static const char none[] = "\"fd\":null,\"peer\":null,\"unsent\":null,\"pid\":null,"
				   "\"thread\":null";
	if (has_no_facts(wait)) {
		json_ready(gen, none, sizeof(none) - 1);
		return;
	}
	put_key(gen, "fd");
	put_integer_or_null(gen, wait->fd);
	put_key(gen, "peer");
	put_string(gen, wait->peer);
	if (wait->peer_task) {
		put_key(gen, "peer_task");
		put_address(gen, wait->peer_task->id);
	}
	put_key(gen, "unsent");
	put_integer_or_null(gen, wait->unsent);
	put_key(gen, "pid");
	put_integer_or_null(gen, wait->pid);
	put_key(gen, "thread");
	json_put_tid(gen, snap, wait->thread);
}

static void begin_wait(struct json_gen *gen, const struct wait *wait)
{
	const struct primitive *object = wait->object;
	json_open_map(gen);
	put_key(gen, "kind");
	put_string(gen, wait_kind_name(wait->kind));
	put_key(gen, "object");
	put_address_or_null(gen, object_of(wait));
	put_key(gen, "type");
	put_string(gen, object ? object->type : wait->future_type);
	put_key(gen, "text");
}

/* From the certainty to the place. */
static void put_middle(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		       const struct wait *wait)
{
	put_key(gen, "certainty");
	put_string(gen, certainty_name(wait->certainty));
	put_key(gen, "holders");
	put_holders(gen, snap, wait->object);
	put_deadline(gen, snap->waits, wait);
	put_facts(gen, snap, wait);
	put_key(gen, "place");
}

static void end_wait(struct json_gen *gen, const struct wait *wait)
{
	put_key(gen, "waiters");
	put_integer_or_null(gen, waiters_of(wait));
	if (wait->kept_in) {
		put_key(gen, "container");
		put_address(gen, wait->kept_in->addr);
	}
	json_close_map(gen);
}

static void put_wait(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		     const struct wait *wait, struct output *words)
{
	begin_wait(gen, wait);
	json_begin_words(words);
	reason_write(words, snap, wait);
	json_put_words(gen, words);
	put_middle(gen, snap, wait);
	put_place(gen, wait);
	end_wait(gen, wait);
}

/* ---- waits for the same object ---- */

/* What is written of it is the same for all that wait for the object, but the place. */
static bool is_common(const struct wait *wait)
{
	bool is_queue = wait->kind == WAIT_QUEUE_GET || wait->kind == WAIT_QUEUE_PUT;
	return (reason_has_place(wait) || (is_queue && wait->object)) && !wait->has_deadline &&
	       !wait->queue_length && has_no_facts(wait);
}

/* The reason, in front of the place; without one it is all in front. */
static void put_reason_before(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			      const struct wait *wait, struct output *words)
{
	json_begin_words(words);
	if (reason_has_place(wait))
		reason_write_before_place(words, wait, REASON_ALL);
	else
		reason_write(words, snap, wait);
	json_put_part(gen, words->buffer, words->used);
}

/* And behind it. */
static void put_reason_behind(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			      const struct wait *wait, struct output *words)
{
	json_begin_words(words);
	if (reason_has_place(wait))
		reason_write_behind_place(words, snap, wait, REASON_ALL);
	json_put_part(gen, words->buffer, words->used);
}

static void put_reason_place(struct json_gen *gen, const struct wait *wait)
{
	if (reason_has_place(wait))
		reason_write_place(gen->out, wait);
}

/* Keep what the output has from *start on. Returns false if there is no room for it. */
static bool keep_text(struct known_wait *known, size_t part, const struct output *out,
		      size_t *start)
{
	size_t used = part ? known->ends[part - 1] : 0, len = out->used - *start;
	if (len > sizeof(known->text) - used)
		return false;
	memcpy(known->text + used, out->buffer + *start, len);
	known->ends[part] = used + len;
	*start = out->used;
	return true;
}

/* As put_wait(), and kept. */
static void put_first(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		      const struct wait *wait, struct known_wait *known, struct output *words)
{
	struct output *out = gen->out;
	size_t start = out->used, flushes = out->flushes;
	begin_wait(gen, wait);
	json_open_string(gen);
	put_reason_before(gen, snap, wait, words);
	bool kept = out->flushes == flushes && keep_text(known, 0, out, &start);
	put_reason_place(gen, wait);
	start = out->used;
	put_reason_behind(gen, snap, wait, words);
	json_close_string(gen);
	put_middle(gen, snap, wait);
	kept = kept && out->flushes == flushes && keep_text(known, 1, out, &start);
	put_place(gen, wait);
	start = out->used;
	end_wait(gen, wait);
	kept = kept && out->flushes == flushes && keep_text(known, 2, out, &start);
	known->object = kept ? wait->object : NULL;
	known->certainty = wait->certainty;
}

static void put_part(struct output *out, const struct known_wait *known, size_t part)
{
	size_t begin = known->ends[part - 1];
	output_bytes(out, known->text + begin, known->ends[part] - begin);
}

static void put_next(struct json_gen *gen, const struct wait *wait, const struct known_wait *known)
{
	char number[TEXT_NUMBER_MAX] = "null";
	json_ready(gen, known->text, known->ends[0]);
	put_reason_place(gen, wait);
	put_part(gen->out, known, 1);
	output_bytes(gen->out, number, wait->place ? text_decimal(wait->place, number) : 4);
	put_part(gen->out, known, 2);
}

static void put_known(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		      const struct wait *wait, struct known_waits *waits, struct output *words)
{
	struct known_wait *known = &waits->items[wait->kind];
	if (!is_common(wait))
		put_wait(gen, snap, wait, words);
	else if (known->object == wait->object && known->certainty == wait->certainty)
		put_next(gen, wait, known);
	else
		put_first(gen, snap, wait, known, words);
}

/* ---- tasks and threads ---- */

static void put_holds(struct json_gen *gen, const struct waits *waits, size_t index)
{
	put_key(gen, "holds");
	json_open_array(gen);
	for (size_t i = waits->first_hold[index]; i < waits->first_hold[index + 1]; i++)
		put_address(gen, waits->holds[i]->addr);
	json_close_array(gen);
}

void json_put_wait(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		   const struct task *task, struct known_waits *known, struct output *words)
{
	const struct waits *waits = snap->waits;
	const struct wait *wait = &waits->of_tasks[task->index];
	bool is_ready = task->state == AIODBG_TASK_PENDING && wait->kind == WAIT_READY;
	put_key(gen, "waits_for");
	if (task->state == AIODBG_TASK_PENDING)
		put_known(gen, snap, wait, known, words);
	else
		json_null(gen);
	if (waits->moved) {
		put_key(gen, "moved");
		json_bool(gen, waits->moved[task->index]);
	}
	if (!is_ready && waits->first_hold[task->index] == waits->first_hold[task->index + 1]) {
		static const char none[] = "\"ready\":null,\"holds\":[]";
		json_ready(gen, none, sizeof(none) - 1);
		return;
	}
	put_key(gen, "ready");
	if (is_ready) {
		json_open_map(gen);
		put_key(gen, "started");
		json_bool(gen, !wait->not_started);
		put_key(gen, "place");
		put_integer_or_null(gen, wait->ready_place ? (int64_t)wait->ready_place : -1);
		json_close_map(gen);
	} else {
		json_null(gen);
	}
	put_holds(gen, waits, task->index);
}

void json_put_thread_waits(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			   const struct thread *thread, struct output *words)
{
	size_t index = (size_t)(thread - snap->threads.items);
	const struct wait *wait = &snap->waits->of_threads[index];
	put_key(gen, "waits_for");
	if (wait->blocked)
		put_wait(gen, snap, wait, words);
	else
		json_null(gen);
	put_holds(gen, snap->waits, snap->tasks.count + index);
}

void json_put_thread(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		     const struct thread *thread, struct output *words)
{
	const struct thread_facts *facts = &snap->waits->threads[thread - snap->threads.items];
	json_put_thread_waits(gen, snap, thread, words);
	put_key(gen, "name");
	put_string(gen, facts->name);
	put_key(gen, "stack");
	json_open_array(gen);
	for (size_t i = 0; i < facts->depth; i++) {
		const struct location *location = facts->stack[i];
		json_open_map(gen);
		put_key(gen, "function");
		put_string(gen, location->function);
		put_key(gen, "file");
		put_string(gen, location->code->filename);
		put_key(gen, "kind");
		put_frame_kind(gen, location->code->kind);
		put_key(gen, "line");
		put_integer_or_null(gen, location->position.line);
		json_close_map(gen);
	}
	json_close_array(gen);
}

/* ---- objects and loops ---- */

void json_put_object(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		     const struct primitive *object)
{
	json_open_map(gen);
	put_key(gen, "id");
	put_address(gen, object->addr);
	put_key(gen, "type");
	put_string(gen, object->type);
	put_key(gen, "name");
	put_string(gen, object->expression);
	put_key(gen, "of");
	put_string(gen, object->owner_type);
	put_key(gen, "locked");
	if (object->locked >= 0)
		json_bool(gen, object->locked != 0);
	else
		json_null(gen);
	put_key(gen, "value");
	put_integer_or_null(gen, object->value);
	put_key(gen, "bound");
	put_integer_or_null(gen, object->bound);
	put_key(gen, "unfinished");
	put_integer_or_null(gen, object->unfinished);
	put_key(gen, "waiters");
	json_integer(gen, (int64_t)object->waiter_count);
	put_key(gen, "holders");
	put_holders(gen, snap, object);
	put_key(gen, "releasers");
	json_open_array(gen);
	for (size_t i = 0; i < object->releasers.count; i++)
		put_address(gen, object->releasers.items[i]->id);
	json_close_array(gen);
	json_close_map(gen);
}

static const char *const loop_states[] = {
	[LOOP_UNKNOWN] = NULL,
	[LOOP_IDLE] = "idle",
	[LOOP_BUSY] = "busy",
	[LOOP_CLOSED] = "closed",
	[LOOP_NOT_RUNNING] = "not running",
	[LOOP_COPY] = "copied by fork",
};

void json_put_loop_keys(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			const struct loop *loop, int64_t ready, int64_t timers)
{
	const struct waits *waits = snap->waits;
	bool known = loop->has_since && waits->has_now && !waits->now_is_least;
	put_key(gen, "id");
	put_address(gen, loop->addr);
	put_key(gen, "type");
	put_string(gen, loop->type);
	put_key(gen, "thread");
	json_put_tid(gen, snap, loop->thread);
	put_key(gen, "state");
	put_string(gen, loop_states[loop->state]);
	put_key(gen, "seconds");
	put_seconds(gen, waits->now - loop->since, known);
	put_key(gen, "task");
	put_address_or_null(gen, loop->task ? loop->task->id : 0);
	put_key(gen, "ready");
	put_integer_or_null(gen, ready);
	put_key(gen, "timers");
	put_integer_or_null(gen, timers);
	put_key(gen, "calls");
	put_string(gen, loop->calls);
}

void json_put_loop(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		   const struct loop *loop)
{
	json_open_map(gen);
	json_put_loop_keys(gen, snap, loop, loop->has_queues ? (int64_t)loop->ready_count : -1,
			   loop->has_queues ? (int64_t)loop->timer_count : -1);
	json_close_map(gen);
}
