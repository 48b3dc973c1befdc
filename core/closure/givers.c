/* SPDX-License-Identifier: MIT */
/*
 * Whether those that wait at an empty queue are the ones who fill it: takers of a pool, who give back
 * what they have taken. Workers look the same that put some of their jobs back; but only queues to
 * which nobody else leads are asked for.
 */
#include "base/error.h"
#include "closure/closure.h"
#include "closure/deeds.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

#include <string.h>

/* The program's functions that are asked, from the one that waits outwards; and tasks, of those that
 * wait at the same queue. */
#define FRAMES_ASKED 6
#define TASKS_ASKED 4

struct giving {
	struct waiting *waiting;
	/* The class of what has the queue. */
	uint64_t class;
	bool found;
};

/* A name among those of a function: of a method of that class that puts something back. */
static int visit_name(struct decoder *decoder, uint64_t item, void *arg)
{
	struct giving *giving = arg;
	unsigned int deeds = 0;
	uint64_t method = 0;
	const char *name;
	if (giving->found)
		return 0;
	int status = name_get(decoder, item, &name);
	if (!status && name && strncmp(name, "__", 2) != 0)
		status = class_attr_find(decoder, giving->class, name, &method);
	if (!status && method)
		status = deeds_of_function(giving->waiting, method, &deeds);
	giving->found = !status && deeds & DEED_PUTS;
	return error_is_fatal(status) ? status : 0;
}

static int ask_function(struct giving *giving, const struct code *code)
{
	struct decoder *decoder = giving->waiting->decoder;
	unsigned int deeds = 0;
	uint64_t tuple;
	int status = deeds_of(giving->waiting, code, &deeds);
	giving->found |= !status && deeds & DEED_PUTS;
	if (status || giving->found || !giving->class || code->is_compiled)
		return status;
	status = reader_word(&decoder->reader, code->addr + (uint64_t)decoder->layout->code.names,
			     &tuple);
	if (!status)
		status = sequence_visit(decoder, tuple, visit_name, giving);
	return error_is_fatal(status) ? status : 0;
}

/* The class of the variable self of the function that waits. */
static int find_class(struct giving *giving, const struct frame *frame)
{
	struct decoder *decoder = giving->waiting->decoder;
	const struct type *type;
	uint64_t self = 0;
	int status = locals_get(decoder, frame, "self", &self);
	if (!status && self)
		status = object_type(decoder, self, &type);
	if (!status && self)
		giving->class = type->addr;
	return error_is_fatal(status) ? status : 0;
}

static int ask_task(struct giving *giving, const struct task *task)
{
	struct waiting *waiting = giving->waiting;
	int status = waiting_walk(waiting, task);
	size_t asked = 0;
	for (size_t i = waiting->chain.count; !status && i-- && asked < FRAMES_ASKED;) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		const struct location *location = frame->location;
		if (!location || (!asked && location->code->filename &&
				  strstr(location->code->filename, "/asyncio/")))
			continue;
		if (!asked++)
			status = find_class(giving, frame);
		if (!status)
			status = ask_function(giving, location->code);
	}
	return error_is_fatal(status) ? status : 0;
}

int givers_read(struct waiting *waiting)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct wait *wait = &waiting->waits->of_tasks[i];
		struct giving giving = {.waiting = waiting};
		struct primitive *queue = wait->object;
		status = work_step(&waiting->decoder->reader.work);
		if (status || wait->kind != WAIT_QUEUE_GET || !wait->blocked || !wait->closed ||
		    !queue || queue->value || queue->gives_back ||
		    queue->givers_asked >= TASKS_ASKED)
			continue;
		queue->givers_asked++;
		status = ask_task(&giving, tasks->items[i]);
		queue->gives_back = !status && giving.found;
	}
	return status;
}
