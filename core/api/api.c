/* SPDX-License-Identifier: MIT */
/* The public functions: open, snapshot, render, close. See aiodbg.h. */
#include "aiodbg.h"

#include "base/error.h"
#include "process/core_file.h"
#include "render/render.h"
#include "session/looks.h"
#include "session/session.h"
#include "session/snapshot.h"
#include "snapshot/detail.h"
#include "snapshot/find.h"
#include "snapshot/graph.h"
#include "snapshot/model.h"
#include "verdicts/verdicts.h"

#include <string.h>

unsigned int aiodbg_interface(void)
{
	return AIODBG_INTERFACE;
}

const char *aiodbg_version(void)
{
	return AIODBG_VERSION;
}

/* Of an opened handle the caller gets only what is of use. */
static int keep(int status, struct aiodbg *dbg, struct aiodbg **ret)
{
	if (status)
		session_close(dbg);
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

int aiodbg_open_core(const char *path, const char *sysroot, const struct aiodbg_options *options,
		     struct aiodbg_error *err, struct aiodbg **ret)
{
	struct aiodbg *dbg;
	int status = session_open_core(path, sysroot, options, err, &dbg);
	return keep(status, dbg, ret);
}

int aiodbg_core_open(const char *path, const char *sysroot, const struct aiodbg_options *options,
		     struct aiodbg_error *err, struct aiodbg_core **ret)
{
	error_clear(err);
	if (options && options->size < sizeof(*options))
		return error_set(err, AIODBG_INVALID, "options without their size");
	return core_file_create(path, sysroot, options, err, ret);
}

const struct aiodbg_target *aiodbg_core_target(const struct aiodbg_core *core)
{
	return core_file_target(core);
}

void aiodbg_core_close(struct aiodbg_core *core)
{
	core_file_destroy(core);
}

void aiodbg_close(struct aiodbg *dbg)
{
	session_close(dbg);
}

void aiodbg_get_stats(const struct aiodbg *dbg, struct aiodbg_stats *ret)
{
	*ret = dbg->stats;
}

static int check_request(const struct aiodbg_request *request, struct aiodbg_error *err)
{
	if (request->size < sizeof(*request))
		return error_set(err, AIODBG_INVALID, "request without its size");
	const uint32_t known = AIODBG_WANT_DETAIL | AIODBG_WANT_WAITS | AIODBG_WANT_THREADS |
			       AIODBG_WANT_LOOPS | AIODBG_WANT_OWN | AIODBG_WANT_LOCALS |
			       AIODBG_WANT_SECRETS | AIODBG_WANT_FINISHED | AIODBG_WANT_CONTEXT |
			       AIODBG_WANT_VERDICTS;
	if (request->wants & ~known)
		return error_set(err, AIODBG_INVALID, "unknown wants %#x", request->wants);
	if ((request->wants & AIODBG_WANT_DETAIL) && !request->subject)
		return error_set(err, AIODBG_INVALID, "detail of no task");
	const uint32_t need_waits = AIODBG_WANT_THREADS | AIODBG_WANT_LOOPS | AIODBG_WANT_VERDICTS;
	if ((request->wants & need_waits) && !(request->wants & AIODBG_WANT_WAITS))
		return error_set(err, AIODBG_INVALID, "threads, loops or verdicts without waits");
	return 0;
}

int aiodbg_snapshot_create(struct aiodbg *dbg, const struct aiodbg_request *request,
			   struct aiodbg_error *err, struct aiodbg_snapshot **ret)
{
	error_clear(err);
	int status = request ? check_request(request, err) : 0;
	return status ? status : looks_take(dbg, request, err, ret);
}

void aiodbg_snapshot_destroy(struct aiodbg_snapshot *snap)
{
	snapshot_destroy(snap);
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
	if (show == AIODBG_SHOW_WHY && !snap->verdicts)
		return error_set(err, AIODBG_INVALID, "the snapshot was made without verdicts");
	if (show == AIODBG_SHOW_TASK && !snap->detail)
		return error_set(err, AIODBG_INVALID, "snapshot without the detail of a task");
	if (show == AIODBG_SHOW_LOOPS && !snap->loop_list)
		return error_set(err, AIODBG_INVALID, "snapshot without what its loops do");
	if (show == AIODBG_SHOW_THREADS && !snap->thread_list)
		return error_set(err, AIODBG_INVALID, "snapshot without what its threads do");
	return renderer_run(renderer, &view, sink, err);
}
