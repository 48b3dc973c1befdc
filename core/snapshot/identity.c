/* SPDX-License-Identifier: MIT */
/* Identities. See snapshot/identity.h. */
#include "snapshot/identity.h"

#include "asyncio/callback.h"
#include "base/ceilings.h"
#include "base/error.h"

struct identity {
	uint64_t sum;
	/* How many more awaiters are looked at. */
	unsigned int left;
};

static void add(struct identity *identity, uint64_t value)
{
	identity->sum = identity->sum * 31 + value;
}

static int identify(struct decoder *decoder, const struct future *future, const char *name,
		    struct identity *identity);

static int identify_awaiter(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct identity *identity = arg;
	struct future future;
	const char *name = NULL;
	add(identity, addr);
	if (!identity->left)
		return 0;
	identity->left--;
	int status = future_read(decoder, addr, EXPECT_NOTHING, &future);
	if (!status && future.is_task)
		status = future_name(decoder, &future, &name);
	if (!status)
		status = identify(decoder, &future, name, identity);
	return error_is_fatal(status) ? status : 0;
}

static int identify_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	uint64_t group;
	int status = callback_visit(decoder, addr, &group, identify_awaiter, arg);
	return error_is_fatal(status) ? status : 0;
}

static int identify(struct decoder *decoder, const struct future *future, const char *name,
		    struct identity *identity)
{
	if (future->is_task) {
		add(identity, future->coro);
		add(identity, name ? htab_hash_string(name) : 0);
		return 0;
	}
	int status = future_visit_awaited_by(decoder, future, identify_awaiter, identity);
	if (!error_is_fatal(status))
		status = future_visit_callbacks(decoder, future, identify_callback, identity);
	return error_is_fatal(status) ? status : 0;
}

int identity_read(struct decoder *decoder, const struct future *future, const char *name,
		  uint64_t *ret)
{
	uint64_t missing_count = decoder->missing_count;
	struct identity identity = {.left = LIMIT_IDENTITY};
	int status = 0;
	if (decoder->reader.cache.changing)
		status = identify(decoder, future, name, &identity);
	*ret = identity.sum;
	/* Whatever is wrong with an awaiter is seen when it is decoded itself. */
	decoder->missing_count = missing_count;
	return status;
}
