/* SPDX-License-Identifier: MIT */
/* See render/json_view.h. */
#include "render/json_view.h"

#include "render/json_put.h"
#include "render/json_waits.h"
#include "view/groups.h"

#include <stdio.h>

static void put_filters(struct json_gen *gen, const struct view_query *query, bool without)
{
	json_open_array(gen);
	for (size_t i = 0; i < query->filter_count; i++) {
		if (query->filters[i].without == without)
			put_string(gen, query->filters[i].text);
	}
	json_close_array(gen);
}

/* "context.user". */
static void put_key_name(struct json_gen *gen, const struct view_key *key, const char *variable,
			 const char *otherwise)
{
	char name[2 * VIEW_VARIABLE_MAX];
	snprintf(name, sizeof(name), "%s%s", key ? key->name : "", variable);
	put_string(gen, key ? name : otherwise);
}

void json_put_view(struct json_gen *gen, const struct view_query *query)
{
	json_open_map(gen);
	put_key(gen, "with");
	put_filters(gen, query, false);
	put_key(gen, "without");
	put_filters(gen, query, true);
	put_key(gen, "sort");
	put_key_name(gen, query->sort, query->sort_variable, NULL);
	put_key(gen, "group");
	put_key_name(gen, query->group, query->group_variable, query->is_grouped ? "stack" : NULL);
	put_key(gen, "top");
	put_integer_or_null(gen, query->is_cut ? (int64_t)query->top : -1);
	json_close_map(gen);
}

void json_put_left_out(struct json_gen *gen, size_t filtered, size_t cut)
{
	json_open_map(gen);
	put_key(gen, "filtered");
	json_integer(gen, (int64_t)filtered);
	put_key(gen, "cut");
	json_integer(gen, (int64_t)cut);
	json_close_map(gen);
}

void json_put_group(struct json_gen *gen, const struct view *view, size_t index,
		    struct output *words)
{
	const struct view_group *group = &view->groups->list.items[index];
	json_open_map(gen);
	put_key(gen, "count");
	json_integer(gen, (int64_t)group->count);
	put_key(gen, "task");
	put_address(gen, group->first->id);
	if (view->groups->key) {
		put_key(gen, "value");
		json_begin_words(words);
		view_groups_write(view, view->groups, group->first, words);
		if (words->used)
			json_put_words(gen, words);
		else
			json_null(gen);
	}
	json_close_map(gen);
}

void json_put_group_of(struct json_gen *gen, const struct view *view, const struct task *task)
{
	size_t place = view_groups_place(view->groups, task);
	put_key(gen, "group");
	put_integer_or_null(gen, place == SIZE_MAX ? -1 : (int64_t)place);
}
