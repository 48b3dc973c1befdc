/* SPDX-License-Identifier: MIT */
/* What a document says of its view. */
#ifndef RENDER_JSON_VIEW_H
#define RENDER_JSON_VIEW_H

#include "base/json.h"
#include "view/view.h"

/* What was asked for, as it was given. */
void json_put_view(struct json_gen *gen, const struct view_query *query);

/* The index-th group of the view; and the key of a task that says which one it is in. */
void json_put_group(struct json_gen *gen, const struct view *view, size_t index,
		    struct output *words);
void json_put_group_of(struct json_gen *gen, const struct view *view, const struct task *task);

/* How many are left out by filters, and by --top. */
void json_put_left_out(struct json_gen *gen, size_t filtered, size_t cut);

#endif
