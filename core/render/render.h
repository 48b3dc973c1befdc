/* SPDX-License-Identifier: MIT */
/* Renderers: pure functions from a snapshot to text. */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "base/output.h"
#include "view/view.h"

/*
 * Returns 0, AIODBG_NO_MEMORY, or AIODBG_NOT_FOUND if the snapshot does not have what the options
 * name; whether the sink failed is in out.
 */
typedef int render_fn(const struct view *view, struct output *out);

/* In struct aiodbg_render_options: what no snapshot has. */
enum { SHOW_DOCTOR = 1000 };

struct renderer {
	const char *name;
	/* enum aiodbg_show, or SHOW_DOCTOR. */
	uint32_t shows;
	render_fn *render;
};

/* Adding a renderer: an entry there and a declaration here. Ended by a NULL name. */
extern const struct renderer renderers[];

render_fn render_table, render_tree, render_json, render_graph, render_task, render_doctor,
	render_why, render_threads, render_threads_json, render_loops, render_loops_json,
	render_task_json;

/* The renderer of that name, NULL being the first, or NULL if there is none. */
const struct renderer *renderer_find(uint32_t shows, const char *name);

/* "table, tree or json" */
void renderer_names(uint32_t shows, char *buf, size_t size);

/* Call a renderer, and hand the rest to the sink. */
int renderer_run(const struct renderer *renderer, const struct view *view,
		 const struct aiodbg_sink *sink, struct aiodbg_error *err);

/* The children of the process that run Python, and how to look at the first. */
void render_children(const struct aiodbg_snapshot *snap, const char *command, struct output *out);

/*
 * Shared by the texts. render_empty() says what was looked for where there are no tasks;
 * render_problems() what is missing, one line per cause; nothing if all is there.
 */
void render_empty(const struct aiodbg_snapshot *snap, struct output *out);
/* The last line of a listing, if a loop has not polled for long. */
void render_not_polled(const struct aiodbg_snapshot *snap, struct output *out);

void render_problems(const struct aiodbg_snapshot *snap, struct output *out);

/* The tasks of a compact tree, which has framing. */
render_fn render_compact;

/* The rows of a view's groups. */
render_fn render_groups;

/* The last line of a listing that is not whole: how many tasks are left out, and how they are seen. */
void render_left_out(const struct view *view, struct output *out);
/* The same of anything that a query leaves out: "task". */
void render_counts_left_out(const struct view_query *query, const char *what, size_t filtered,
			    size_t cut, struct output *out);

/* A line below all tasks if somebody has stopped the process. */
void render_stopped(const struct aiodbg_snapshot *snap, struct output *out);

#endif
