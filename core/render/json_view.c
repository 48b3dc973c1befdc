/* SPDX-License-Identifier: MIT */
/* See render/json_view.h. */
#include "render/json_view.h"

#include "render/json_put.h"

static void put_filters(yajl_gen gen, const struct view_query *query, bool without)
{
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < query->filter_count; i++) {
		if (query->filters[i].without == without)
			put_string(gen, query->filters[i].text);
	}
	yajl_gen_array_close(gen);
}

void json_put_view(yajl_gen gen, const struct selection *selection)
{
	const struct view_query *query = selection->query;
	yajl_gen_map_open(gen);
	put_key(gen, "with");
	put_filters(gen, query, false);
	put_key(gen, "without");
	put_filters(gen, query, true);
	put_key(gen, "sort");
	put_string(gen, query->sort ? query->sort->name : NULL);
	put_key(gen, "top");
	put_integer_or_null(gen, query->is_cut ? (int64_t)query->top : -1);
	yajl_gen_map_close(gen);
}

void json_put_left_out(yajl_gen gen, const struct selection *selection)
{
	yajl_gen_map_open(gen);
	put_key(gen, "filtered");
	yajl_gen_integer(gen, (long long)selection->filtered);
	put_key(gen, "cut");
	yajl_gen_integer(gen, (long long)selection->cut);
	yajl_gen_map_close(gen);
}
