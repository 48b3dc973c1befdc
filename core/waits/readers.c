/* SPDX-License-Identifier: MIT */
/*
 * Whether somebody may still read what a child process writes: a task that does not wait for its end,
 * and that leads to its streams.
 */
#include "waits/waiting.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/locals.h"
#include "cpython/str.h"

struct readers {
	struct waiting *waiting;
	/* The wait for the process, by the address of its transport, protocol and streams. */
	struct addrmap known;
	/* The wait of the task whose frames are looked at. */
	const struct wait *own;
};

static int know(struct readers *readers, uint64_t addr, struct wait *wait)
{
	enum kind kind = KIND_NONE;
	int status = addr ? object_kind(readers->waiting->decoder, addr, &kind) : 0;
	/* None is that of every process. */
	if (status || kind != KIND_OTHER)
		return status;
	return addrmap_put(&readers->known, addr, wait) ? 0 : waiting_no_memory(readers->waiting);
}

/* Lib/asyncio/base_subprocess.py, Lib/asyncio/subprocess.py. */
static int know_process(struct readers *readers, struct wait *wait)
{
	struct decoder *decoder = readers->waiting->decoder;
	struct attr protocol = {.name = "_protocol"};
	struct attr streams[] = {{.name = "stdout"}, {.name = "stderr"}};
	int status = attrs_find(decoder, wait->transport, &protocol, 1);
	if (!status && protocol.value)
		status = attrs_find(decoder, protocol.value, streams, 2);
	if (!error_is_fatal(status))
		status = know(readers, wait->transport, wait);
	if (!status)
		status = know(readers, protocol.value, wait);
	for (size_t i = 0; !status && i < 2; i++)
		status = know(readers, streams[i].value, wait);
	return status;
}

static void note(struct readers *readers, uint64_t addr)
{
	struct wait *wait = addr ? addrmap_get(&readers->known, addr) : NULL;
	if (wait && wait != readers->own)
		wait->has_reader = true;
}

/* One of these, or a Process, which has them. */
static int check(struct readers *readers, uint64_t addr)
{
	struct decoder *decoder = readers->waiting->decoder;
	struct attr attrs[] = {{.name = "_transport"}, {.name = "_protocol"}, {.name = "stdout"}};
	enum kind kind;
	note(readers, addr);
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = object_kind(decoder, addr, &kind);
	if (status || kind != KIND_OTHER)
		return status;
	status = attrs_find(decoder, addr, attrs, 3);
	for (size_t i = 0; !status && i < 3; i++)
		note(readers, attrs[i].value);
	return error_is_fatal(status) ? status : 0;
}

static int visit_attr(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)decoder, (void)key;
	return check(arg, value);
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	bool is_self = false;
	if (!local->value)
		return 0;
	int status = check(arg, local->value);
	if (!status)
		status = str_equals(decoder, local->name, "self", &is_self);
	if (!status && is_self)
		status = attrs_visit(decoder, local->value, visit_attr, arg);
	return error_is_fatal(status) ? status : 0;
}

static int look_at_task(struct readers *readers, const struct task *task)
{
	struct waiting *waiting = readers->waiting;
	int status = waiting_walk(waiting, task);
	for (size_t i = 0; !error_is_fatal(status) && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		if (frame->location)
			status = locals_visit(waiting->decoder, frame, visit_local, readers);
	}
	return error_is_fatal(status) ? status : 0;
}

int readers_find(struct waiting *waiting)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	struct wait *waits = waiting->waits->of_tasks;
	struct readers readers = {.waiting = waiting};
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		/* One that waits for its end, or for it to take its input. */
		bool is_of_process = waits[i].kind == WAIT_PROCESS ||
				     (waits[i].kind == WAIT_WRITE && waits[i].pid >= 0);
		if (is_of_process && waits[i].pipe >= 0 && waits[i].transport)
			status = know_process(&readers, &waits[i]);
	}
	for (size_t i = 0; !status && readers.known.count && i < tasks->count; i++) {
		readers.own = &waits[i];
		if (task_is_pending(tasks->items[i]) && tasks->items[i]->coro)
			status = look_at_task(&readers, tasks->items[i]);
	}
	addrmap_deinit(&readers.known);
	return status;
}
