/* SPDX-License-Identifier: MIT */
/* Names, beginnings and ends of what is in waits/waits.h. */
#include "waits/waits.h"

static const char *const kind_names[] = {
	[WAIT_UNKNOWN] = "unknown",
	[WAIT_READY] = "ready",
	/* Only of a target that runs on. */
	[WAIT_MOVING] = "moving",
	[WAIT_TIMER] = "timer",
	[WAIT_LOCK] = "lock",
	[WAIT_SEMAPHORE] = "semaphore",
	[WAIT_CONDITION] = "condition",
	[WAIT_EVENT] = "event",
	[WAIT_BARRIER] = "barrier",
	[WAIT_QUEUE_GET] = "queue-get",
	[WAIT_QUEUE_PUT] = "queue-put",
	[WAIT_QUEUE_JOIN] = "queue-join",
	[WAIT_FUTURE] = "future",
	[WAIT_TASK] = "task",
	[WAIT_GATHER] = "gather",
	[WAIT_SHIELD] = "shield",
	[WAIT_GROUP] = "group",
	[WAIT_EXECUTOR] = "executor",
	[WAIT_THREAD] = "thread",
	[WAIT_PROCESS] = "process",
	[WAIT_READ] = "read",
	[WAIT_WRITE] = "write",
	[WAIT_CONNECT] = "connect",
	[WAIT_ACCEPT] = "accept",
	[WAIT_SERVE] = "serve",
	[WAIT_ASYNC_GENERATOR] = "async-generator",
};

static const char *const certainty_names[] = {
	[CERTAINTY_POSSIBLE] = "possible",
	[CERTAINTY_LIKELY] = "likely",
	[CERTAINTY_CERTAIN] = "certain",
};

const char *wait_kind_name(enum wait_kind kind)
{
	return kind_names[kind];
}

const char *certainty_name(enum certainty certainty)
{
	return certainty_names[certainty];
}

void waits_deinit(struct waits *waits)
{
	for (size_t i = 0; i < waits->primitives.count; i++) {
		array_deinit(&waits->primitives.items[i]->holders);
		array_deinit(&waits->primitives.items[i]->releasers);
		array_deinit(&waits->primitives.items[i]->users);
	}
	array_deinit(&waits->primitives);
	array_deinit(&waits->loops);
	array_deinit(&waits->workers);
	array_deinit(&waits->closed_sets);
	array_deinit(&waits->ended);
}

struct wait wait_none(void)
{
	return (struct wait){
		.thread = -1,
		.delay = -1,
		.ahead = -1,
		.fd = -1,
		.pid = -1,
		.unsent = -1,
		.backlog = -1,
		.pipe = -1,
		.certainty = CERTAINTY_CERTAIN,
		.site = {.line = -1},
	};
}
