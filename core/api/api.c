/* SPDX-License-Identifier: MIT */
/* The public functions: open, snapshot, render, close. See aiodbg.h. */
#include "aiodbg.h"

#include "base/error.h"
#include "process/process.h"
#include "render/render.h"
#include "session/retry.h"
#include "session/session.h"
#include "snapshot/detail.h"
#include "snapshot/find.h"
#include "snapshot/graph.h"
#include "snapshot/model.h"

#include <string.h>

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
	if (options->retries > LIMIT_RETRIES)
		return error_set(err, AIODBG_INVALID, "%u retries, of %d at most", options->retries,
				 LIMIT_RETRIES);
	return 0;
}

int session_open(const struct aiodbg_target *target, const struct aiodbg_options *options,
		 struct aiodbg_error *err, struct aiodbg **ret)
{
	*ret = NULL;
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
	session_add_stats(dbg, &reader.cache.stats);
	if (status && err)
		*err = reader.error;
	reader_deinit(&reader);
	*ret = dbg;
	return status;
}

int session_open_process(uint32_t pid, const struct aiodbg_options *options,
			 struct aiodbg_error *err, struct aiodbg **ret)
{
	struct process *process;
	*ret = NULL;
	error_clear(err);
	int status = options ? check_options(options, err) : 0;
	if (!status)
		status = process_create(pid, options, err, &process);
	if (status)
		return status;
	status = session_open(process_target(process), options, err, ret);
	struct aiodbg_error skipped;
	if (status && !error_is_fatal(status) && process_skipped(process, &skipped))
		error_prefix(err, "%s", skipped.message);
	if (status == AIODBG_NOT_FOUND || status == AIODBG_UNSUPPORTED)
		process_prefix(process, err);
	/* Why asyncio's offsets were not there. */
	if (!status && !(*ret)->runtime.asyncio && !(*ret)->runtime.asyncio_error.code)
		process_skipped(process, &(*ret)->runtime.asyncio_error);
	status = process_check(process, status, err);
	if (*ret)
		(*ret)->process = process;
	else
		process_destroy(process);
	return status;
}

/* Of an opened handle the caller gets only what is of use. */
static int keep(int status, struct aiodbg *dbg, struct aiodbg **ret)
{
	if (status)
		aiodbg_close(dbg);
	else
		*ret = dbg;
	return status;
}

int aiodbg_open(const struct aiodbg_target *target, const struct aiodbg_options *options,
		struct aiodbg_error *err, struct aiodbg **ret)
{
	struct aiodbg *dbg;
	int status = session_open(target, options, err, &dbg);
	return keep(status, dbg, ret);
}

int aiodbg_open_process(uint32_t pid, const struct aiodbg_options *options,
			struct aiodbg_error *err, struct aiodbg **ret)
{
	struct aiodbg *dbg;
	int status = session_open_process(pid, options, err, &dbg);
	return keep(status, dbg, ret);
}

void aiodbg_close(struct aiodbg *dbg)
{
	if (dbg)
		process_destroy(dbg->process);
	free(dbg);
}

void aiodbg_get_stats(const struct aiodbg *dbg, struct aiodbg_stats *ret)
{
	*ret = dbg->stats;
}

static int check_request(const struct aiodbg_request *request, struct aiodbg_error *err)
{
	if (request->size < sizeof(*request))
		return error_set(err, AIODBG_INVALID, "request without its size");
	if (request->wants & ~(uint32_t)AIODBG_WANT_DETAIL)
		return error_set(err, AIODBG_INVALID, "unknown wants %#x", request->wants);
	if ((request->wants & AIODBG_WANT_DETAIL) && !request->subject)
		return error_set(err, AIODBG_INVALID, "detail of no task");
	return 0;
}

int aiodbg_snapshot_create(struct aiodbg *dbg, const struct aiodbg_request *request,
			   struct aiodbg_error *err, struct aiodbg_snapshot **ret)
{
	error_clear(err);
	int status = request ? check_request(request, err) : 0;
	return status ? status : retry_snapshot(dbg, request, err, ret);
}

void aiodbg_snapshot_destroy(struct aiodbg_snapshot *snap)
{
	if (!snap)
		return;
	array_deinit(&snap->interps);
	array_deinit(&snap->threads);
	array_deinit(&snap->tasks);
	array_deinit(&snap->cycles);
	if (snap->detail)
		detail_deinit(snap->detail);
	if (snap->graph)
		graph_deinit(snap->graph);
	arena_deinit(&snap->arena);
	free(snap);
}

/* Whether anything can be written there. */
static int check_sink(const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	if (!sink || sink->size < sizeof(*sink) || !sink->write)
		return error_set(err, AIODBG_INVALID, "sink without its size or a write callback");
	return 0;
}

int aiodbg_render(const struct aiodbg_snapshot *snap, const char *format,
		  const struct aiodbg_render_options *options, const struct aiodbg_sink *sink,
		  struct aiodbg_error *err)
{
	static const struct aiodbg_render_options defaults = {.size = sizeof(defaults)};
	char known[128];
	const struct view view = {.snap = snap, .options = options ? options : &defaults};
	error_clear(err);
	if (view.options->size < sizeof(*options) ||
	    (view.options->graph && view.options->graph->size < sizeof(*view.options->graph)))
		return error_set(err, AIODBG_INVALID, "options without their size");
	uint32_t show = view.options->show;
	const struct renderer *renderer = renderer_find(show, format);
	renderer_names(show, known, sizeof(known));
	if (!renderer && known[0])
		return error_set(err, AIODBG_USAGE, "unknown format \"%.40s\": try %s", format,
				 known);
	if (!renderer || show == SHOW_DOCTOR)
		return error_set(err, AIODBG_INVALID, "nothing to show with number %u", show);
	int status = check_sink(sink, err);
	if (status)
		return status;
	if (show == AIODBG_SHOW_TASK && !snap->detail)
		return error_set(err, AIODBG_INVALID, "snapshot without the detail of a task");
	return renderer_run(renderer, &view, sink, err);
}
