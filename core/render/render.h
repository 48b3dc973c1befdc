/* SPDX-License-Identifier: MIT */
/* Renderers: pure functions from a snapshot to text. */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "base/output.h"
#include "snapshot/model.h"

struct doctor;

/* What is to be shown, and how. */
struct view {
	const struct aiodbg_snapshot *snap;
	/* NULL: all as usual. */
	const struct aiodbg_render_options *options;
	/* For SHOW_DOCTOR. */
	const struct doctor *doctor;
};

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

render_fn render_table, render_tree, render_json, render_graph, render_task, render_doctor;

/* The renderer of that name, NULL being the first, or NULL if there is none. */
const struct renderer *renderer_find(uint32_t shows, const char *name);

/* "table, tree or json" */
void renderer_names(uint32_t shows, char *buf, size_t size);

/* Call a renderer, and hand the rest to the sink. */
int renderer_run(const struct renderer *renderer, const struct view *view,
		 const struct aiodbg_sink *sink, struct aiodbg_error *err);

/* Options where the caller gave none. */
extern const struct aiodbg_graph_options graph_defaults;

/* The frames of a task that its call graph has: those from *first up to *end. */
void graph_call_stack(const struct task *task, const struct aiodbg_graph_options *options,
		      bool is_root, size_t *first, size_t *end);

/* Whether call graphs have it: CPython's do not have what only callbacks tell. */
struct link;
bool graph_shows(const struct aiodbg_snapshot *snap, const struct link *link);

/*
 * Shared by the texts. render_empty() says what was looked for where there are no tasks;
 * render_problems() what is missing, one line per cause; nothing if all is there.
 */
void render_empty(const struct aiodbg_snapshot *snap, struct output *out);
void render_problems(const struct aiodbg_snapshot *snap, struct output *out);

/* A task's name, or what else tells it apart; or only its width. */
size_t render_name(struct output *out, const struct task *task, bool measure);

/* Tasks that ps and pstree show: those that are not finished, and those that others are
 * waited for by. */
bool render_is_pending(const struct task *task);

#endif
