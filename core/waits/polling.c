/* SPDX-License-Identifier: MIT */
/*
 * What a loop does that polls: it sleeps in the kernel, or has been woken and waits for the global
 * interpreter lock, which its thread has given back meanwhile.
 */
#include "waits/waiting.h"

#include "base/error.h"
#include "cpython/float.h"
#include "cpython/locals.h"
#include "process/syscall.h"

/* A day at once is the most that a loop asks for. */
#define TIMEOUT_MAX 86400

int polling_double(struct decoder *decoder, uint64_t object, double *ret, bool *known)
{
	enum kind kind;
	*known = false;
	if (!object)
		return 0;
	int status = object_kind(decoder, object, &kind);
	if (status || (kind != KIND_FLOAT && kind != KIND_INT))
		return status;
	status = float_read(decoder, object, ret);
	*known = !status;
	return status;
}

/* None is for ever. */
static int read_timeout(struct waiting *waiting, uint64_t value, struct loop *loop)
{
	enum kind kind = KIND_OTHER;
	loop->select_timeout = -1;
	int status = value ? object_kind(waiting->decoder, value, &kind) : 0;
	if (status || kind == KIND_NONE) {
		loop->has_select_timeout = !status;
		return status;
	}
	return polling_double(waiting->decoder, value, &loop->select_timeout,
			      &loop->has_select_timeout);
}

static int find_gil_thread(struct waiting *waiting, const struct interp *interp, struct loop *loop)
{
	const struct threads *threads = &waiting->snap->threads;
	uint64_t holder;
	int status = gil_holder(waiting->decoder, waiting->snap->runtime, interp, &holder,
				&loop->gil_known);
	for (size_t i = 0; !status && holder && i < threads->count; i++) {
		if (threads->items[i].addr == holder)
			loop->gil_thread = (ptrdiff_t)i;
	}
	const struct aiodbg_target *target = waiting->decoder->reader.cache.target;
	if (!status && target->local_pid && loop->gil_thread >= 0)
		loop->has_gil_waits = syscall_count_waits(
			target->local_pid, threads->items[loop->gil_thread].tid, &loop->gil_waits);
	/* Somebody has it, and who that is can't be told. */
	loop->gil_known &= !holder || loop->gil_thread >= 0;
	return status;
}

/* Whether the loop's thread sleeps, and where: of a process of this machine alone. */
static int read_sleep(struct waiting *waiting, const struct interp *interp, uint64_t tid,
		      struct loop *loop)
{
	const struct aiodbg_target *target = waiting->decoder->reader.cache.target;
	struct syscall_state state;
	uint64_t gil;
	size_t size;
	if (!syscall_read(target, tid, &state))
		return 0;
	loop->is_asleep = state.is_poll;
	if (target->local_pid)
		loop->has_wait_count = syscall_count_waits(target->local_pid, tid,
							   &loop->wait_count);
	int status = gil_find(waiting->decoder, waiting->snap->runtime, interp, &gil, &size);
	/* A condition variable within it is what it waits at. */
	loop->wants_gil = !status && gil && state.is_futex && state.first_argument >= gil &&
			  state.first_argument - gil < size;
	return status;
}

int polling_read(struct waiting *waiting, const struct frame *frame, struct loop *loop)
{
	const struct thread *thread = &waiting->snap->threads.items[loop->thread];
	const struct interp *interp = &waiting->snap->interps.items[thread->interp];
	struct attr vars[] = {{.name = "timeout"}, {.name = "when"}};
	bool has_when = loop->has_first_timer;
	double when = loop->first_timer_at;
	loop->state = LOOP_IDLE;
	loop->gil_thread = -1;
	int status = locals_get_all(waiting->decoder, frame, vars, 2);
	if (!status)
		status = read_timeout(waiting, vars[0].value, loop);
	if (!status && !has_when)
		status = polling_double(waiting->decoder, vars[1].value, &when, &has_when);
	/* The first timer ends the sleep that began timeout before it. */
	loop->has_since = !status && loop->has_select_timeout && has_when &&
			  loop->select_timeout > 0 && loop->select_timeout < TIMEOUT_MAX;
	if (loop->has_since)
		loop->since = when - loop->select_timeout;
	loop->has_since &= loop->since >= waiting->decoder->times_from;
	/* What only says which loops are busy goes without. */
	if (!status && waiting->waits->of_threads)
		status = find_gil_thread(waiting, interp, loop);
	if (!status && waiting->waits->of_threads)
		status = read_sleep(waiting, interp, thread->tid, loop);
	return status;
}
