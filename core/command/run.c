/* SPDX-License-Identifier: MIT */
/* What the commands share: opening what is to be looked at, and writing where it is wanted. */
#include "base/error.h"
#include "command/command.h"
#include "snapshot/model.h"
#include "view/framing.h"
#include "view/groups.h"
#include "view/threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds between two looks, and the least that there may be. */
#define DEFAULT_AFTER 100

static int write_file(void *ctx, const char *text, size_t len)
{
	return fwrite(text, 1, len, ctx) == len ? 0 : -AIODBG_IO;
}

static int write_to_file(const char *path, const struct aiodbg_sink *sink,
			 const struct renderer *renderer, const struct view *view,
			 struct aiodbg_error *err)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return error_set(err, AIODBG_IO, "cannot write %.200s: %s", path, strerror(errno));
	struct aiodbg_sink to_file = {
		.size = sizeof(to_file),
		.ctx = file,
		.write = write_file,
		.unicode = sink->unicode,
	};
	int status = renderer_run(renderer, view, &to_file, err);
	bool failed = fclose(file) != 0 || status == -AIODBG_IO;
	if (failed)
		return error_set(err, AIODBG_IO, "cannot write %.200s: %s", path, strerror(errno));
	return status;
}

int run_write(const struct run *run, const struct view *view, struct aiodbg_error *err)
{
	const char *path = run->arguments.output;
	const struct renderer *renderer = renderer_find(run->command->shows, run->arguments.format);
	return path ? write_to_file(path, run->sink, renderer, view, err)
		    : renderer_run(renderer, view, run->sink, err);
}

int run_choose_target(const struct run *run, struct aiodbg_error *err, struct aiodbg_options *how,
		      uint32_t *pid)
{
	const struct arguments *arguments = &run->arguments;
	*pid = arguments->pid;
	*how = (struct aiodbg_options){
		.size = sizeof(*how),
		.interrupted = run->sink->interrupted,
		.interrupted_ctx = run->sink->ctx,
	};
	how->retries = option_retries_of(arguments);
	if (!*pid && arguments->after >= 0)
		return error_set(err, AIODBG_USAGE,
				 "--after looks twice at a process that runs: it needs --pid");
	if (!*pid && !run->target)
		return error_set(err, AIODBG_INVALID, "no process and no core to look at");
	return 0;
}

static int open_target(const struct run *run, struct aiodbg_error *err, struct aiodbg **ret)
{
	struct aiodbg_options how;
	uint32_t pid;
	int status = run_choose_target(run, err, &how, &pid);
	if (status)
		return status;
	status = pid ? aiodbg_open_process(pid, &how, err, ret)
		     : aiodbg_open(run->target, &how, err, ret);
	if (status == AIODBG_FAULT || status == AIODBG_CORRUPT || status == AIODBG_NOT_FOUND ||
	    status == AIODBG_UNSUPPORTED)
		error_append(err, "; `asyncio doctor` tells more");
	return status;
}

static void warn_of_version(const struct aiodbg_snapshot *snap, const struct aiodbg_sink *sink)
{
	char line[160], version[32];
	if (!snap->borrowed_layout || !sink->warn)
		return;
	snprintf(line, sizeof(line),
		 "CPython %s is newer than this library, which reads it as if it were %s",
		 layout_version_text(snap->version, version, sizeof(version)),
		 snap->borrowed_layout);
	sink->warn(sink->ctx, line);
}

/* 0: one look. */
static uint32_t time_between_looks(const struct run *run)
{
	int64_t after = run->arguments.after;
	if (!run->command->looks_twice || !run->arguments.pid)
		return 0;
	return after < DEFAULT_AFTER ? DEFAULT_AFTER : (uint32_t)after;
}

static int take_snapshot(const struct run *run, struct aiodbg_error *err,
			 struct aiodbg_snapshot **ret)
{
	struct aiodbg *dbg;
	const struct aiodbg_request request = {
		.size = sizeof(request),
		.wants = run->command->wants | run->arguments.wants,
		.after = time_between_looks(run),
		.subject = run->arguments.task,
		.tid = run->arguments.tid,
		.loop = run->arguments.loop,
		.value_length = run->arguments.value_length,
		.own = run->arguments.query.own_patterns,
		.context = run->arguments.context,
	};
	int status = open_target(run, err, &dbg);
	if (status)
		return status;
	status = aiodbg_snapshot_create(dbg, &request, err, ret);
	aiodbg_close(dbg);
	if (!status)
		warn_of_version(*ret, run->sink);
	return status;
}

/* Whoever is asked whether to go on. */
static struct work begin_work(const struct run *run, struct aiodbg_error *err)
{
	const struct aiodbg_target *target = run->arguments.pid ? NULL : run->target;
	return (struct work){
		.interrupted = target ? target->interrupted : run->sink->interrupted,
		.ctx = target ? target->ctx : run->sink->ctx,
		.error = err,
	};
}

/* Rows of a table of groups, if nothing was said. */
#define TOP_GROUPS 10

/* What a view consists of. */
struct parts {
	struct view_query query;
	struct selection selection;
	struct framing framing;
	struct view_groups groups;
	struct view_threads threads;
	size_t *ranks;
};

static size_t top_groups(const struct run *run)
{
	const struct view_query *query = &run->arguments.query;
	if (run->arguments.top < 0)
		return !strcmp(run->arguments.format, "json") ? SIZE_MAX : TOP_GROUPS;
	return query->is_cut ? query->top : SIZE_MAX;
}

/* Of threads, for those commands that show them. */
static int make_view_of_threads(const struct run *run, struct parts *parts, struct view *view,
				struct aiodbg_error *err)
{
	const struct view_query *query = &parts->query;
	struct work work = begin_work(run, err);
	/* Of one thread all is shown. */
	bool is_chosen = run->arguments.has_query && !run->arguments.tid;
	if (!is_chosen && !query->own_frames)
		return 0;
	int status = framing_init(&parts->framing, view->snap, true, &work);
	if (query->own_frames)
		view->framing = &parts->framing;
	if (status || !is_chosen)
		return status;
	view->threads = &parts->threads;
	return view_threads_make(view->snap, query, &parts->framing, top_groups(run), &work,
				 &parts->threads);
}

/* Which tasks the view has, which frames, and in which groups. */
static int make_view(const struct run *run, struct parts *parts, struct view *view,
		     struct aiodbg_error *err)
{
	struct view_query *query = &parts->query;
	struct work work = begin_work(run, err);
	int status = 0;
	query->with_awaiters = run->command->with_awaiters;
	query->pending_only = !strcmp(run->arguments.format, "table");
	/* Of groups those are cut. */
	query->is_cut = query->is_cut && !query->is_grouped;
	if (view_key_needs_ranks(query->sort))
		status = view_groups_rank(view->snap, query, &work, &parts->ranks);
	query->ranks = parts->ranks;
	if (!status && run->arguments.has_query) {
		view->selection = &parts->selection;
		status = selection_make(view->snap, query, &work, &parts->selection);
	}
	if (!status && (query->own_frames || query->compact || query->is_grouped)) {
		view->framing = &parts->framing;
		view->compact = query->compact;
		status = framing_init(&parts->framing, view->snap, true, &work);
	}
	if (!status && query->is_grouped) {
		view->groups = &parts->groups;
		status = view_groups_make(view, query->group, query->group_variable,
					  top_groups(run), &work, &parts->groups);
	}
	return status;
}

static int show(const struct run *run, const struct view *whole, struct aiodbg_error *err)
{
	struct view view = *whole;
	struct parts parts = {.query = run->arguments.query};
	bool of_threads = run->command->shows == AIODBG_SHOW_THREADS;
	int status = (of_threads ? make_view_of_threads : make_view)(run, &parts, &view, err);
	if (!status)
		status = run_write(run, &view, err);
	selection_deinit(&parts.selection);
	framing_deinit(&parts.framing);
	view_groups_deinit(&parts.groups);
	view_threads_deinit(&parts.threads);
	free(parts.ranks);
	return status;
}

int run_snapshot(const struct run *run, struct aiodbg_error *err)
{
	struct aiodbg_snapshot *snap;
	const struct arguments *arguments = &run->arguments;
	const struct aiodbg_graph_options graph = {
		.size = sizeof(graph),
		.depth = (uint32_t)arguments->depth,
		.limit = (int32_t)arguments->limit,
		.has_limit = arguments->has_limit,
	};
	const struct aiodbg_render_options options = {
		.size = sizeof(options),
		.show = run->command->shows,
		/* What is selected is not in another process. */
		.tid = run->target && !arguments->pid ? run->target->tid : 0,
		.graph = &graph,
	};
	int status = take_snapshot(run, err, &snap);
	if (status)
		return status;
	struct view view = {
		.snap = snap,
		.options = &options,
		.all = arguments->all,
		.all_frames = arguments->has_frames && !arguments->query.own_frames,
		.top = arguments->top < 0 ? 0
		       : arguments->top	  ? (size_t)arguments->top
					  : SIZE_MAX,
	};
	status = show(run, &view, err);
	if (!status && arguments->fail_on)
		status = fail_on_match(arguments->fail_on, snap, arguments->all, err);
	aiodbg_snapshot_destroy(snap);
	return status;
}
