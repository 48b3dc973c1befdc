/* SPDX-License-Identifier: MIT */
/* Threads, as threading knows them. See cpython/threading.h. */
#include "cpython/threading.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/modules.h"
#include "cpython/object.h"
#include "cpython/str.h"

static int visit_active(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct threading_threads *threads = arg;
	int64_t ident;
	int status = int_read(decoder, key, &ident);
	if (status)
		return decoder_go_on(decoder, status);
	struct threading_thread thread = {(uint64_t)ident, value};
	return array_push(threads, thread) ? 0 : decoder_no_memory(decoder);
}

int threading_read(struct decoder *decoder, const struct interp *interp,
		   struct threading_threads *ret)
{
	uint64_t active;
	int status = modules_global(decoder, interp, "threading", "_active", &active);
	if (status || !active)
		return status;
	return dict_visit(decoder, active, visit_active, ret);
}

int threading_is_daemon(struct decoder *decoder, uint64_t object, int *ret)
{
	uint64_t flag;
	int64_t value;
	*ret = -1;
	int status = attr_find(decoder, object, "_daemonic", &flag);
	if (!status && flag)
		status = int_read(decoder, flag, &value);
	if (!status && flag)
		*ret = value != 0;
	return status;
}

int threading_name(struct decoder *decoder, uint64_t object, const char **ret)
{
	uint64_t name;
	enum kind kind = KIND_OTHER;
	*ret = NULL;
	int status = attr_find(decoder, object, "_name", &name);
	if (!status && name)
		status = object_kind(decoder, name, &kind);
	if (status || kind != KIND_STR)
		return status;
	return str_read_shown(decoder, name, ret);
}
