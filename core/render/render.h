/* SPDX-License-Identifier: MIT */
/* Renderers: pure functions from a snapshot to text. */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "base/output.h"
#include "snapshot/model.h"

/* Returns 0 or AIODBG_NO_MEMORY; whether the sink failed is in out. */
typedef int render_fn(const struct aiodbg_snapshot *snap, struct output *out);

struct renderer {
	const char *name;
	render_fn *render;
};

/* Ended by a NULL name. */
extern const struct renderer renderers[];

/* NULL if there is no such format. */
const struct renderer *renderer_find(const char *name);

render_fn render_table, render_tree, render_json;

/* Options where the caller gave none. */
extern const struct aiodbg_graph_options graph_defaults;

/* The frames of a task that its call graph has: those from *first up to *end. */
void graph_call_stack(const struct task *task, const struct aiodbg_graph_options *options,
		      bool is_root, size_t *first, size_t *end);

/* Whether call graphs have it: CPython's do not have what only callbacks tell. */
struct link;
bool graph_shows(const struct aiodbg_snapshot *snap, const struct link *link);

/* See aiodbg_render_graph(). Also returns AIODBG_NOT_FOUND. */
int render_graph(const struct aiodbg_snapshot *snap, uint64_t id,
		 const struct aiodbg_graph_options *options, struct output *out);

/* What aiodbg_snapshot_create_for() has found. */
render_fn render_task;

/* What an examination has found: for people, one fact a line. */
struct doctor;
void render_doctor(const struct doctor *doctor, struct output *out);

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
