/* SPDX-License-Identifier: MIT */
/* The public functions: open, snapshot, render, close. See aiodbg.h. */
#include "aiodbg.h"

#include "discover.h"
#include "error.h"
#include "render.h"
#include "snapshot.h"

#include <string.h>

struct aiodbg {
	struct aiodbg_target target;
	struct aiodbg_options options;
	struct runtime runtime;
	struct aiodbg_stats stats;
};

unsigned int aiodbg_interface(void)
{
	return AIODBG_INTERFACE;
}

const char *aiodbg_version(void)
{
	return AIODBG_VERSION;
}

static int check_target(const struct aiodbg_target *target, struct aiodbg_error *err)
{
	if (!target || target->size < sizeof(*target) || !target->read)
		return error_set(err, AIODBG_INVALID, "target without its size or a read callback");
	if (target->word_size != 4 && target->word_size != 8)
		return error_set(err, AIODBG_INVALID, "pointers of %u bytes", target->word_size);
	if (target->byte_order != AIODBG_LITTLE_ENDIAN && target->byte_order != AIODBG_BIG_ENDIAN)
		return error_set(err, AIODBG_INVALID, "unknown byte order %u", target->byte_order);
	return 0;
}

static int check_options(const struct aiodbg_options *options, struct aiodbg_error *err)
{
	uint32_t block = options->block_size;
	if (options->size < sizeof(*options))
		return error_set(err, AIODBG_INVALID, "options without their size");
	if (block && (block < 4096 || block > 65536 || (block & (block - 1))))
		return error_set(err, AIODBG_INVALID, "block size of %u bytes", block);
	return 0;
}

static void add_stats(struct aiodbg *dbg, const struct aiodbg_stats *stats)
{
	dbg->stats.reads += stats->reads;
	dbg->stats.faults += stats->faults;
	dbg->stats.bytes += stats->bytes;
	if (stats->cache_peak > dbg->stats.cache_peak)
		dbg->stats.cache_peak = stats->cache_peak;
}

int aiodbg_open(const struct aiodbg_target *target, const struct aiodbg_options *options,
		struct aiodbg_error *err, struct aiodbg **ret)
{
	error_clear(err);
	int status = check_target(target, err);
	if (!status && options)
		status = check_options(options, err);
	if (status)
		return status;
	struct aiodbg *dbg = calloc(1, sizeof(*dbg));
	if (!dbg)
		return error_no_memory(err);
	dbg->target = *target;
	if (options)
		dbg->options = *options;
	struct reader reader;
	status = reader_init(&reader, &dbg->target, &dbg->options);
	if (!status)
		status = discover_runtime(&reader, &dbg->runtime);
	add_stats(dbg, &reader.cache.stats);
	if (status && err)
		*err = reader.error;
	reader_deinit(&reader);
	if (status) {
		free(dbg);
		return status;
	}
	*ret = dbg;
	return 0;
}

void aiodbg_close(struct aiodbg *dbg)
{
	free(dbg);
}

void aiodbg_get_stats(const struct aiodbg *dbg, struct aiodbg_stats *ret)
{
	*ret = dbg->stats;
}

int aiodbg_snapshot_create(struct aiodbg *dbg, struct aiodbg_error *err,
			   struct aiodbg_snapshot **ret)
{
	struct decoder decoder;
	error_clear(err);
	struct aiodbg_snapshot *snap = calloc(1, sizeof(*snap));
	if (!snap)
		return error_no_memory(err);
	if (!arena_init(&snap->arena)) {
		free(snap);
		return error_no_memory(err);
	}
	snap->target_kind = dbg->target.kind;
	snap->pid = dbg->target.pid;
	int status = decoder_init(&decoder, &dbg->target, &dbg->options, &dbg->runtime.layout,
				  &snap->arena);
	if (!status)
		status = snapshot_decode(snap, &decoder, &dbg->runtime);
	add_stats(dbg, &decoder.reader.cache.stats);
	if (status && err)
		*err = decoder.reader.error;
	decoder_deinit(&decoder);
	if (status) {
		aiodbg_snapshot_destroy(snap);
		return status;
	}
	*ret = snap;
	return 0;
}

void aiodbg_snapshot_destroy(struct aiodbg_snapshot *snap)
{
	if (!snap)
		return;
	array_deinit(&snap->interps);
	array_deinit(&snap->threads);
	array_deinit(&snap->tasks);
	array_deinit(&snap->cycles);
	arena_deinit(&snap->arena);
	free(snap);
}

int aiodbg_render(const struct aiodbg_snapshot *snap, const char *format,
		  const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct output out;
	error_clear(err);
	const struct renderer *renderer = renderer_find(format);
	if (!renderer)
		return error_set(err, AIODBG_USAGE, "unknown format \"%.40s\"", format);
	if (!sink || sink->size < sizeof(*sink) || !sink->write)
		return error_set(err, AIODBG_INVALID, "sink without its size or a write callback");
	output_init(&out, sink);
	if (renderer->render(snap, &out))
		return error_no_memory(err);
	if (output_flush(&out))
		return error_set(err, out.status, "output was refused");
	return 0;
}
