/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end of a connection, if that is in the same process: two transports whose
 * addresses mirror each other, and the task that has the other one in its variables. Cores tell this
 * as well as processes do.
 */
#include "asyncio/transport.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/locals.h"
#include "cpython/str.h"
#include "waits/waiting.h"

#include <string.h>

/* Attributes of a task's self, among which its streams may be. */
#define ATTRIBUTES_ASKED 48

/* A transport that is connected, and the task that has it. */
struct endpoint {
	uint64_t transport;
	const char *own, *peer;
	struct task *task;
	bool is_shared;
};

struct peers {
	struct waiting *waiting;
	/* struct endpoint, by its transport and by a number made of its addresses; or waiting itself for
	 * a transport that has none. */
	struct addrmap transports, addresses;
	/* Transports of objects, or waiting itself for none. */
	struct addrmap objects;
	struct task *task;
	size_t attributes;
};

static uint64_t number_of(const char *own, const char *peer)
{
	uint64_t hash = 14695981039346656037u;
	for (; *own; own++)
		hash = (hash ^ (unsigned char)*own) * 1099511628211u;
	hash = (hash ^ 0xff) * 1099511628211u;
	for (; *peer; peer++)
		hash = (hash ^ (unsigned char)*peer) * 1099511628211u;
	return hash;
}

static int get_endpoint(struct peers *peers, uint64_t transport, struct endpoint **ret)
{
	struct waiting *waiting = peers->waiting;
	struct endpoint endpoint = {.transport = transport};
	void *known = addrmap_get(&peers->transports, transport);
	*ret = known == waiting ? NULL : known;
	if (known)
		return 0;
	int status = transport_names_read(waiting->decoder, transport, &endpoint.own,
					  &endpoint.peer);
	if (error_is_fatal(status))
		return status;
	bool has_names = !status && endpoint.own && endpoint.peer;
	if (has_names) {
		status = decoder_alloc(waiting->decoder, sizeof(**ret), (void **)ret);
		if (status)
			return status;
		**ret = endpoint;
	}
	known = has_names ? (void *)*ret : waiting;
	bool good = addrmap_put(&peers->transports, transport, known);
	if (good && has_names)
		good = addrmap_put(&peers->addresses, number_of(endpoint.own, endpoint.peer), *ret);
	return good ? 0 : waiting_no_memory(waiting);
}

/* ---- who has them ---- */

static int find_transport(struct peers *peers, uint64_t object, uint64_t *ret)
{
	struct decoder *decoder = peers->waiting->decoder;
	struct attr attrs[] = {{.name = "_transport"}, {.name = "transport"}};
	void *known = addrmap_get(&peers->objects, object);
	enum kind kind;
	*ret = known == peers->waiting ? 0 : (uint64_t)(uintptr_t)known;
	if (known)
		return 0;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = object_kind(decoder, object, &kind);
	if (!status && kind == KIND_OTHER)
		status = attrs_find(decoder, object, attrs, 2);
	if (error_is_fatal(status))
		return status;
	*ret = attrs[0].value ? attrs[0].value : attrs[1].value;
	if (*ret && (object_kind(decoder, *ret, &kind) || kind != KIND_OTHER))
		*ret = 0;
	known = *ret ? (void *)(uintptr_t)*ret : peers->waiting;
	return addrmap_put(&peers->objects, object, known) ? 0 : waiting_no_memory(peers->waiting);
}

static int note(struct peers *peers, uint64_t object)
{
	struct endpoint *endpoint = NULL;
	uint64_t transport;
	int status = find_transport(peers, object, &transport);
	if (!status && transport)
		status = get_endpoint(peers, transport, &endpoint);
	if (status || !endpoint || endpoint->task == peers->task)
		return status;
	endpoint->is_shared |= endpoint->task != NULL;
	if (!endpoint->task)
		endpoint->task = peers->task;
	return 0;
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct peers *peers = arg;
	(void)decoder, (void)key;
	return ++peers->attributes > ATTRIBUTES_ASKED ? AIODBG_LIMIT : note(peers, value);
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct peers *peers = arg;
	bool is_self = false;
	enum kind kind;
	if (!local->value)
		return 0;
	int status = note(peers, local->value);
	if (!status)
		status = str_equals(decoder, local->name, "self", &is_self);
	if (!status && is_self)
		status = object_kind(decoder, local->value, &kind);
	peers->attributes = 0;
	if (!status && is_self && kind == KIND_OTHER)
		status = attrs_visit(decoder, local->value, visit_attribute, peers);
	return error_is_fatal(status) ? status : 0;
}

static int look_at_task(struct peers *peers, struct task *task)
{
	struct waiting *waiting = peers->waiting;
	peers->task = task;
	int status = waiting_walk(waiting, task);
	for (size_t i = 0; !error_is_fatal(status) && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		if (frame->location)
			status = locals_visit(waiting->decoder, frame, visit_local, peers);
	}
	return error_is_fatal(status) ? status : 0;
}

/* ---- the whole ---- */

/* Whether both addresses are of the same host. */
static bool is_local(const struct endpoint *endpoint)
{
	const char *colon = strrchr(endpoint->own, ':');
	return colon &&
	       !strncmp(endpoint->own, endpoint->peer, (size_t)(colon - endpoint->own) + 1);
}

/* A task that waits for a peer that may be here. */
static bool is_of_interest(const struct wait *wait)
{
	return wait->blocked && wait->transport && wait->peer && wait->pid < 0 &&
	       (wait->kind == WAIT_READ || wait->kind == WAIT_WRITE);
}

/* What has come and is not read yet: its loop has not been there since. */
static bool has_come(struct waiting *waiting, const struct wait *wait)
{
	uint32_t pid = waiting->decoder->reader.cache.target->local_pid;
	int64_t unread;
	return pid && wait->kind == WAIT_READ &&
	       (!sockets_own_unread(&waiting->sockets, pid, wait->fd, &unread) || unread);
}

static void use_endpoint(const struct peers *peers, const struct task *task, struct wait *wait)
{
	struct waits *waits = peers->waiting->waits;
	const struct endpoint *own = addrmap_get(&peers->transports, wait->transport), *other;
	if (!own || (const void *)own == peers->waiting || !is_local(own))
		return;
	other = addrmap_get(&peers->addresses, number_of(own->peer, own->own));
	if (!other || strcmp(other->own, own->peer) != 0 || strcmp(other->peer, own->own) != 0)
		return;
	wait->peer_is_here = true;
	if (!other->task || other->task == task)
		return;
	const struct wait *theirs = &waits->of_tasks[other->task->index];
	wait->peer_task = other->task;
	wait->peer_is_at_it = is_of_interest(theirs) && theirs->transport == other->transport;
	wait->peer_is_doubtful = other->is_shared || has_come(peers->waiting, wait);
	waits->has_peers = true;
}

int peers_read(struct waiting *waiting)
{
	struct peers peers = {.waiting = waiting};
	const struct tasks *tasks = &waiting->snap->tasks;
	uint64_t faults = waiting->decoder->reader.fault_count;
	bool wanted = false;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct endpoint *endpoint = NULL;
		if (is_of_interest(&waiting->waits->of_tasks[i]))
			status = get_endpoint(&peers, waiting->waits->of_tasks[i].transport,
					      &endpoint);
		wanted |= endpoint && is_local(endpoint);
	}
	for (size_t i = 0; !status && wanted && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		if (task_is_pending(task) && !task->problems && !task->is_copy)
			status = look_at_task(&peers, task);
	}
	for (size_t i = 0; !status && wanted && i < tasks->count; i++) {
		if (is_of_interest(&waiting->waits->of_tasks[i]))
			use_endpoint(&peers, tasks->items[i], &waiting->waits->of_tasks[i]);
	}
	/* What only says who is there is not missing. */
	waiting->decoder->reader.fault_count = faults;
	addrmap_deinit(&peers.transports);
	addrmap_deinit(&peers.addresses);
	addrmap_deinit(&peers.objects);
	return status;
}
