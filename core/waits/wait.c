/* SPDX-License-Identifier: MIT */
/* Names, beginnings and ends of what is in waits/waits.h. */
#include "waits/waiting.h"

#include <string.h>

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

/* Known bits are that much further up. */
#define PLACE_KNOWN 8

bool waiting_place_is(struct waiting *waiting, const struct location *location,
		      enum place_fact fact, bool (*is)(const struct location *))
{
	uint64_t key = (uint64_t)(uintptr_t)location;
	uintptr_t facts = (uintptr_t)addrmap_get(&waiting->places, key);
	uintptr_t known = (uintptr_t)fact << PLACE_KNOWN;
	if (!(facts & known)) {
		facts |= known | (is(location) ? (uintptr_t)fact : 0);
		/* Without memory it is found out each time. */
		addrmap_put(&waiting->places, key, (void *)facts);
	}
	return facts & (uintptr_t)fact;
}

void waits_find_own_folder(const struct aiodbg_snapshot *snap, struct waits *waits)
{
	const char *last = NULL;
	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct location *location = waits->of_tasks[i].site.location;
		const char *path = location ? location->code->filename : NULL;
		if (!path || path == last)
			continue;
		last = path;
		if (!waits->own_folder) {
			waits->own_folder = path;
			waits->own_folder_len = strlen(path);
		}
		waits->own_folder_len = own_common_folder(waits->own_folder, path,
							  waits->own_folder_len);
	}
}
