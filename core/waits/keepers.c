/* SPDX-License-Identifier: MIT */
/*
 * What keeps a future that a task waits for, if no function that is known to wait tells: an object
 * in a variable of the innermost frames that has the future among those of its waiters.
 */
#include "waits/waiting.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/locals.h"

/* A caller further out than these two awaits something else. */
#define FRAMES_ASKED 2

struct keeping {
	struct waiting *waiting;
	size_t interp;
	uint64_t owner, future;
	size_t count;
	const struct keeper *found;
};

/* Each container is walked once, however many wait in it. */
static int visit_kept(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct keeping *keeping = arg;
	struct primitive *primitive;
	enum kind kind;
	(void)key;
	if (++keeping->count > LIMIT_ATTRIBUTES_ASKED)
		return AIODBG_LIMIT;
	int status = object_kind(decoder, value, &kind);
	if (status)
		return error_is_fatal(status) ? status : 0;
	if (kind != KIND_DEQUE && kind != KIND_LIST && kind != KIND_SET && kind != KIND_TUPLE)
		return 0;
	status = primitive_get_unknown(keeping->waiting, keeping->owner, &primitive);
	if (!status)
		status = primitive_walk(keeping->waiting, primitive, value);
	return error_is_fatal(status) ? status : 0;
}

static int walk_once(struct keeping *keeping, uint64_t owner)
{
	struct waiting *waiting = keeping->waiting;
	enum sync_class class = SYNC_NONE;
	enum kind kind;
	int status = object_kind(waiting->decoder, owner, &kind);
	if (status || kind != KIND_OTHER || addrmap_get(&waiting->walked, owner))
		return error_is_fatal(status) ? status : 0;
	/* A future that waits for others is not what they are waited at. */
	status = waiting_class(waiting, keeping->interp, owner, &class);
	if (status || class == SYNC_GATHERING || class == SYNC_FUTURE)
		return error_is_fatal(status) ? status : 0;
	if (!addrmap_put(&waiting->walked, owner, waiting))
		return waiting_no_memory(waiting);
	keeping->owner = owner;
	keeping->count = 0;
	status = attrs_visit(waiting->decoder, owner, visit_kept, keeping);
	return error_is_fatal(status) ? status : 0;
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct keeping *keeping = arg;
	(void)decoder;
	if (!local->value || local->value == keeping->future)
		return 0;
	int status = walk_once(keeping, local->value);
	const struct keeper *keeper = addrmap_get(&keeping->waiting->keepers, keeping->future);
	/* Another frame, of another task, may have led to some other object that has it too. */
	if (!status && keeper && keeper->primitive->addr == local->value)
		keeping->found = keeper;
	return status;
}

int keeper_find(struct waiting *waiting, size_t interp, uint64_t future, struct wait *wait)
{
	struct keeping keeping = {.waiting = waiting, .interp = interp, .future = future};
	size_t count = waiting->chain.count;
	for (size_t i = 0; i < FRAMES_ASKED && i < count && !keeping.found; i++) {
		int status = locals_visit(waiting->decoder,
					  &waiting->chain.items[count - 1 - i].frame, visit_local,
					  &keeping);
		if (error_is_fatal(status))
			return status;
	}
	if (!keeping.found)
		return 0;
	wait->object = keeping.found->primitive;
	wait->place = (uint32_t)keeping.found->place;
	return 0;
}
