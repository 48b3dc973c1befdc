/* SPDX-License-Identifier: MIT */
/* Validation of a layout by walking. See cpython/probe.h. */
#include "cpython/probe.h"

#include "base/error.h"
#include "cpython/dict.h"
#include "cpython/int.h"
#include "cpython/modules.h"

/* What is missing elsewhere does not matter here, if only the version is found. If not, it
 * may be the reason. */
static int keep_fault(void *arg, const struct aiodbg_error *error)
{
	struct aiodbg_error *first = arg;
	if (error->code == AIODBG_FAULT && !first->code)
		*first = *error;
	return 0;
}

static int find_version(struct decoder *decoder, const struct runtime *runtime, uint32_t *ret)
{
	struct interps interps = {0};
	struct threads threads = {0};
	struct modules modules = {0};
	struct aiodbg_error missing = {0};
	uint64_t hexversion = 0;
	int64_t version = 0;
	int status = interps_read(decoder, runtime->addr, &interps, keep_fault, &missing);
	if (!status && !interps.count)
		status = reader_corrupt(&decoder->reader, runtime->addr, "no interpreter");
	/* A thread that refers back to its interpreter is hard to find by accident. */
	if (!status)
		status = threads_read(decoder, &interps, 0, &threads, keep_fault, &missing);
	if (!status && !threads.count)
		status = reader_corrupt(&decoder->reader, runtime->addr, "no thread");
	if (!status)
		status = modules_read(decoder, &interps.items[0], &modules, keep_fault, &missing);
	if (!status && modules.sys)
		status = dict_get(decoder, modules.sys, "hexversion", &hexversion);
	if (!status && !hexversion)
		status = reader_corrupt(&decoder->reader, runtime->addr, "no sys.hexversion");
	if (status == AIODBG_CORRUPT && missing.code) {
		decoder->reader.error = missing;
		status = missing.code;
	}
	if (!status)
		status = int_read(decoder, hexversion, &version);
	*ret = (uint32_t)version;
	array_deinit(&interps);
	array_deinit(&threads);
	return status;
}

int probe_version(const struct aiodbg_target *target, const struct aiodbg_options *options,
		  const struct runtime *runtime, struct aiodbg_error *err, uint32_t *ret)
{
	struct arena arena;
	struct decoder decoder;
	if (!arena_init(&arena))
		return error_no_memory(err);
	int status = decoder_init(&decoder, target, options, &runtime->layout, &arena);
	if (!status)
		status = find_version(&decoder, runtime, ret);
	if (status && err)
		*err = decoder.reader.error;
	decoder_deinit(&decoder);
	arena_deinit(&arena);
	return status;
}
