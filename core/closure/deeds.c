/* SPDX-License-Identifier: MIT */
/* What functions do. See closure/deeds.h. */
#include "closure/deeds.h"

#include "base/error.h"
#include "cpython/callable.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

#include <string.h>

/* A mask is kept with this bit, as no value of a map is NULL. */
#define KNOWN (1u << 16)

static const struct {
	const char *name;
	enum deed deed;
} names[] = {
	{"set", DEED_SETS},
	{"put", DEED_PUTS},
	{"put_nowait", DEED_PUTS},
	{"get", DEED_GETS},
	{"get_nowait", DEED_GETS},
	{"task_done", DEED_TASK_DONE},
	{"notify", DEED_NOTIFIES},
	{"notify_all", DEED_NOTIFIES},
	{"set_result", DEED_COMPLETES},
	{"set_exception", DEED_COMPLETES},
	{"release", DEED_RELEASES},
	{"acquire", DEED_ACQUIRES},
	{"wait", DEED_WAITS},
	{"__anext__", DEED_ITERATES},
	{"anext", DEED_ITERATES},
	{"asend", DEED_ITERATES},
	{"aclose", DEED_ITERATES},
};

static int visit_name(struct decoder *decoder, uint64_t item, void *arg)
{
	unsigned int *mask = arg;
	const char *text;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = name_get(decoder, item, &text);
	for (size_t i = 0; !status && text && i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i].name, text))
			*mask |= names[i].deed;
	}
	return error_is_fatal(status) ? status : 0;
}

int deeds_of(struct waiting *waiting, const struct code *code, unsigned int *ret)
{
	struct decoder *decoder = waiting->decoder;
	uint64_t tuple;
	unsigned int mask = (unsigned int)(uintptr_t)addrmap_get(&waiting->deeds, code->addr);
	*ret = mask & ~KNOWN;
	if (mask || code->is_compiled)
		return 0;
	int status = reader_word(&decoder->reader,
				 code->addr + (uint64_t)decoder->layout->code.names, &tuple);
	if (!status)
		status = sequence_visit(decoder, tuple, visit_name, &mask);
	if (error_is_fatal(status))
		return status;
	*ret = mask;
	return addrmap_put(&waiting->deeds, code->addr, (void *)(uintptr_t)(mask | KNOWN))
		       ? 0
		       : waiting_no_memory(waiting);
}

int deeds_of_function(struct waiting *waiting, uint64_t function, unsigned int *ret)
{
	struct callable callable;
	*ret = 0;
	int status = callable_read(waiting->decoder, function, &callable);
	if (!status && callable.code)
		status = deeds_of(waiting, callable.code, ret);
	return error_is_fatal(status) ? status : 0;
}

unsigned int deeds_that_end(enum wait_kind kind)
{
	switch (kind) {
	case WAIT_LOCK:
	case WAIT_SEMAPHORE:
		return DEED_RELEASES;
	case WAIT_CONDITION:
		return DEED_NOTIFIES;
	case WAIT_EVENT:
		return DEED_SETS;
	case WAIT_QUEUE_GET:
		return DEED_PUTS;
	case WAIT_QUEUE_PUT:
		return DEED_GETS;
	case WAIT_QUEUE_JOIN:
		return DEED_GETS | DEED_TASK_DONE;
	case WAIT_BARRIER:
		return DEED_WAITS;
	case WAIT_FUTURE:
		return DEED_COMPLETES;
	default:
		return 0;
	}
}
