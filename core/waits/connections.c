/* SPDX-License-Identifier: MIT */
/*
 * Tasks that wait for something from a connection in a function of another project's: the innermost
 * frames have an object with a transport, and what the transport calls when something has come leads
 * to the future that the task waits for.
 */
#include "asyncio/native_loop.h"
#include "asyncio/transport.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "waits/waiting.h"
#include "waits/wake_search.h"

#include <string.h>

/* Frames next to the innermost, and attributes of an object that has no transport itself. */
#define FRAMES_ASKED 6
#define ATTRIBUTES_ASKED 48

struct finding_transport {
	struct waiting *waiting;
	/* Steps that are left; objects that may have it. */
	int steps;
	size_t asked, count;
	uint64_t objects[ATTRIBUTES_ASKED];
	uint64_t found;
};

static bool ends_in(const char *name, const char *end)
{
	size_t len = name ? strlen(name) : 0, end_len = strlen(end);
	return len >= end_len && !strcmp(name + len - end_len, end);
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct finding_transport *finding = arg;
	const struct type *type;
	(void)key;
	if (++finding->asked > ATTRIBUTES_ASKED)
		return AIODBG_LIMIT;
	int status = object_type(decoder, value, &type);
	if (status || type->kind != KIND_OTHER)
		return error_is_fatal(status) ? status : 0;
	if (ends_in(type->name, "Transport")) {
		finding->found = value;
		return AIODBG_LIMIT;
	}
	if (finding->steps && finding->count < ATTRIBUTES_ASKED)
		finding->objects[finding->count++] = value;
	return 0;
}

/* The transport that an object has as an attribute, or one of its attributes has. */
static int find_transport(struct waiting *waiting, uint64_t object, uint64_t *ret)
{
	struct finding_transport finding = {.waiting = waiting, .steps = 1};
	void *known = addrmap_get(&waiting->transports, object);
	*ret = known == waiting ? 0 : (uint64_t)(uintptr_t)known;
	if (known)
		return 0;
	int status = attrs_visit(waiting->decoder, object, visit_attribute, &finding);
	finding.steps = 0;
	for (size_t i = 0; !error_is_fatal(status) && i < finding.count && !finding.found; i++) {
		finding.asked = 0;
		status = attrs_visit(waiting->decoder, finding.objects[i], visit_attribute,
				     &finding);
	}
	if (error_is_fatal(status))
		return status;
	*ret = finding.found;
	known = finding.found ? (void *)(uintptr_t)finding.found : waiting;
	return addrmap_put(&waiting->transports, object, known) ? 0 : waiting_no_memory(waiting);
}

/* Whether what the transport calls leads to the future. */
static int leads_to(struct waiting *waiting, const struct task *task, uint64_t transport,
		    uint64_t future, bool *ret)
{
	struct addrmap futures = {0};
	struct loop_tasks found = {0};
	int status = addrmap_put(&futures, future, (void *)(uintptr_t)task)
			     ? 0
			     : waiting_no_memory(waiting);
	if (!status)
		status = wake_search(waiting->decoder, task->loop, &futures, transport, &found);
	*ret = !status && found.count > 0;
	addrmap_deinit(&futures);
	array_deinit(&found);
	return status;
}

/* ---- loops made in C ---- */

static int visit_known(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct waiting *waiting = arg;
	uint64_t transport = 0;
	int64_t fd = -1;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = int_read(decoder, key, &fd);
	if (!status)
		status = weakref_get(decoder, value, &transport);
	if (status || !transport || fd < 0)
		return error_is_fatal(status) ? status : 0;
	/* It may be there already, of another loop. */
	return addrmap_put(&waiting->files, transport, (void *)(uintptr_t)(fd + 1))
		       ? 0
		       : waiting_no_memory(waiting);
}

/* uvloop has a WeakValueDictionary of its transports, by file. */
static int read_loop(struct waiting *waiting, uint64_t loop)
{
	struct decoder *decoder = waiting->decoder;
	int status = 0;
	if (!loop || addrmap_get(&waiting->files, loop))
		return 0;
	if (!addrmap_put(&waiting->files, loop, waiting))
		return waiting_no_memory(waiting);
	for (uint64_t i = 2; !status && i < NATIVE_LOOP_WORDS; i++) {
		struct attr data = {.name = "data"};
		const struct type *type;
		uint64_t word;
		status = object_guess_word(decoder, loop + i * decoder->reader.word_size, &word,
					   &type);
		if (status || !type || !type->name ||
		    strcmp(type->name, "WeakValueDictionary") != 0)
			continue;
		status = attrs_find(decoder, word, &data, 1);
		if (!status && data.value)
			status = dict_visit(decoder, data.value, visit_known, waiting);
	}
	return error_is_fatal(status) ? status : 0;
}

static int find_file(struct waiting *waiting, const struct task *task, uint64_t transport,
		     int64_t *ret)
{
	int status = read_loop(waiting, task->loop);
	void *known = addrmap_get(&waiting->files, transport);
	if (known && known != waiting)
		*ret = (int64_t)(uintptr_t)known - 1;
	return status;
}

/* ---- tasks ---- */

static bool is_drain(const struct location *location)
{
	return location && location->code->name && strstr(location->code->name, "drain");
}

static int use_transport(struct waiting *waiting, const struct task *task, uint64_t transport,
			 bool drains, struct wait *wait)
{
	struct transport_facts facts;
	int status = transport_facts_read(waiting->decoder, transport,
					  drains ? TRANSPORT_WRITE : TRANSPORT_READ, &facts);
	if (error_is_fatal(status))
		return status;
	if (facts.fd < 0)
		status = find_file(waiting, task, transport, &facts.fd);
	if (!status)
		transport_use(waiting, &facts, wait);
	return error_is_fatal(status) ? status : 0;
}

int connection_find(struct waiting *waiting, const struct task *task, uint64_t future,
		    struct wait *wait)
{
	size_t count = waiting->chain.count;
	bool drains = false, leads = false;
	for (size_t i = 0; i < FRAMES_ASKED && i < count; i++) {
		const struct frame *frame = &waiting->chain.items[count - 1 - i].frame;
		uint64_t self = 0, transport = 0;
		drains |= is_drain(frame->location);
		if (!frame->location)
			continue;
		/* The program's own objects have more than what they wait for. */
		if (i && own_is(&waiting->own, frame->location->code))
			return 0;
		int status = locals_get(waiting->decoder, frame, "self", &self);
		if (!status && self)
			status = find_transport(waiting, self, &transport);
		if (!status && transport)
			status = leads_to(waiting, task, transport, future, &leads);
		if (error_is_fatal(status))
			return status;
		if (leads)
			return use_transport(waiting, task, transport, drains, wait);
	}
	return 0;
}
