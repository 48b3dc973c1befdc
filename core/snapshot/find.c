/* SPDX-License-Identifier: MIT */
/*
 * Finding a task by id or name. See snapshot/find.h.
 *
 * Names are shown escaped and shortened, and a user may paste what was shown as well as type
 * what the program says. So a text is compared with the names as they are first, then with
 * what is shown where any character can be, then with what is shown in ASCII.
 */
#include "snapshot/find.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/spell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Ids listed for an ambiguous name, and names for a wrong one: an error is one line. */
#define IDS_LISTED 8
#define NEAREST_LISTED 3

struct search {
	const struct aiodbg_snapshot *snap;
	const char *text;
	size_t len;
	struct work *work;
	/* Why the work is to end. */
	int status;
	struct aiodbg_sink sink;
	/* Where names are written as they are shown; nothing leaves it. */
	struct output *shown;
};

/* A task whose name or id is near to what was asked for. */
struct nearby {
	const struct task *task;
	size_t distance;
};

struct task *find_task_with_id(const struct aiodbg_snapshot *snap, uint64_t id)
{
	for (size_t i = 0; i < snap->tasks.count; i++) {
		if (snap->tasks.items[i]->id == id)
			return snap->tasks.items[i];
	}
	return NULL;
}

bool find_parse_id(const char *text, uint64_t *ret)
{
	char *end;
	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
		return false;
	if (!text[2] || text[2 + strspn(text + 2, "0123456789abcdefABCDEF")])
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 16);
	return !errno;
}

static bool goes_on(struct search *search)
{
	if (!search->status)
		search->status = work_step(search->work);
	return !search->status;
}

/* A name as it is shown, without the NUL; its length in *len. */
static const char *shown_name(struct search *search, const struct task *task, size_t *len)
{
	search->shown->used = 0;
	task_write_name(search->shown, task, false);
	*len = search->shown->used;
	return search->shown->buffer;
}

static bool has_name(struct search *search, const struct task *task)
{
	return task->name && !strcmp(task->name, search->text);
}

static bool has_shown_name(struct search *search, const struct task *task)
{
	size_t len;
	const char *shown = shown_name(search, task, &len);
	return len == search->len && !memcmp(shown, search->text, len);
}

/* How many tasks have that name; the first of them in *ret. */
static size_t count_tasks(struct search *search, bool (*has)(struct search *, const struct task *),
			  struct task **ret)
{
	size_t count = 0;
	for (size_t i = 0; i < search->snap->tasks.count; i++) {
		struct task *task = search->snap->tasks.items[i];
		if (!goes_on(search))
			break;
		if (!has(search, task))
			continue;
		if (count++ == 0)
			*ret = task;
	}
	return count;
}

/* What the user typed, safe to show. */
static void quoted_text(struct search *search, char *buffer, size_t size)
{
	search->shown->used = 0;
	output_safe(search->shown, search->text, LIMIT_NAME_IN_ERROR);
	snprintf(buffer, size, "%.*s", (int)search->shown->used, search->shown->buffer);
}

static int ambiguous(struct search *search, bool (*has)(struct search *, const struct task *),
		     size_t count, struct aiodbg_error *err)
{
	char name[4 * LIMIT_NAME_IN_ERROR + 16], ids[IDS_LISTED * 24] = "";
	size_t listed = 0, used = 0;
	for (size_t i = 0; i < search->snap->tasks.count && listed < IDS_LISTED; i++) {
		const struct task *task = search->snap->tasks.items[i];
		if (!goes_on(search))
			break;
		if (!has(search, task))
			continue;
		used += (size_t)snprintf(ids + used, sizeof(ids) - used, "%s0x%" PRIx64,
					 listed ? ", " : "", task->id);
		listed++;
	}
	quoted_text(search, name, sizeof(name));
	return error_set(err, AIODBG_USAGE, "%zu tasks are named \"%s\": use one of the ids %s%s",
			 count, name, ids, count > listed ? ", ..." : "");
}

/* ---- the nearest ---- */

static bool contains(const char *text, size_t len, const char *part, size_t part_len)
{
	return memmem(text, len, part, part_len) != NULL;
}

/* How far the task's name is from the text: 0 is the nearest, more than max is far. */
static size_t distance_of(struct search *search, const struct task *task, bool by_id, size_t max)
{
	char id[24];
	size_t len;
	const char *candidate = id;
	if (by_id)
		len = (size_t)snprintf(id, sizeof(id), "0x%" PRIx64, task->id);
	else
		candidate = shown_name(search, task, &len);
	/* Who types a part of a name means that one. */
	if (!by_id && search->len > 1 && contains(candidate, len, search->text, search->len))
		return 0;
	return spell_distance(search->text, search->len, candidate, len, max);
}

static bool same_name(const struct task *a, const struct task *b)
{
	return a->name && b->name && !strcmp(a->name, b->name);
}

/* Keeps the nearest ones, in their order, each name once. */
static void keep(struct nearby *nearest, size_t *count, struct nearby found)
{
	for (size_t i = 0; i < *count; i++) {
		if (same_name(nearest[i].task, found.task))
			return;
	}
	size_t at = *count;
	while (at > 0 && nearest[at - 1].distance > found.distance)
		at--;
	if (at == NEAREST_LISTED)
		return;
	size_t last = *count < NEAREST_LISTED ? (*count)++ : NEAREST_LISTED - 1;
	memmove(nearest + at + 1, nearest + at, (last - at) * sizeof(*nearest));
	nearest[at] = found;
}

static size_t find_nearest(struct search *search, bool by_id, struct nearby *nearest)
{
	size_t count = 0;
	/* A third of the letters may be wrong. */
	size_t max = search->len / 3 + 1;
	uint64_t work = LIMIT_SPELLING_WORK;
	for (size_t i = 0; i < search->snap->tasks.count; i++) {
		const struct task *task = search->snap->tasks.items[i];
		uint64_t cost = search->len * (2 * max + 1) + 20;
		if (search->len > SPELL_MAX || cost > work || !goes_on(search))
			break;
		work -= cost;
		size_t distance = distance_of(search, task, by_id, max);
		if (distance > max)
			continue;
		keep(nearest, &count, (struct nearby){task, distance});
		/* Others as near would come behind these. */
		if (count == NEAREST_LISTED)
			max = nearest[count - 1].distance;
		if (max == 0)
			break;
	}
	return count;
}

static int not_found(struct search *search, struct aiodbg_error *err)
{
	char name[4 * LIMIT_NAME_IN_ERROR + 16], list[230] = "";
	struct nearby nearest[NEAREST_LISTED];
	uint64_t id;
	bool by_id = find_parse_id(search->text, &id);
	size_t count = find_nearest(search, by_id, nearest), used = 0;
	for (size_t i = 0; i < count; i++) {
		const struct task *task = nearest[i].task;
		const char *shown = task->name;
		search->shown->used = 0;
		if (shown)
			output_safe(search->shown, shown, LIMIT_NAME_IN_ERROR);
		int len = snprintf(list + used, sizeof(list) - used,
				   shown ? "%s0x%" PRIx64 " \"%.*s\"" : "%s0x%" PRIx64,
				   i ? ", " : "", task->id, (int)search->shown->used,
				   search->shown->buffer);
		if ((size_t)len >= sizeof(list) - used) {
			list[used] = '\0';
			break;
		}
		used += (size_t)len;
	}
	if (by_id)
		error_at(err, AIODBG_NOT_FOUND, id, "no task");
	quoted_text(search, name, sizeof(name));
	size_t tasks = search->snap->tasks.count;
	if (!by_id)
		error_set(err, AIODBG_NOT_FOUND, "no task is named \"%s\"", name);
	if (used)
		error_append(err, "; nearest: %s", list);
	else
		error_append(err, tasks ? "; `asyncio ps` lists all" : "; there are no tasks");
	return AIODBG_NOT_FOUND;
}

/* ---- the whole ---- */

static int find(struct search *search, struct aiodbg_error *err, struct task **ret)
{
	static const struct {
		bool (*has)(struct search *, const struct task *);
		int unicode;
	} ways[] = {{has_name, 1}, {has_shown_name, 1}, {has_shown_name, 0}};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		search->sink.unicode = ways[i].unicode;
		size_t count = count_tasks(search, ways[i].has, ret);
		if (search->status)
			return search->status;
		if (count == 1)
			return 0;
		if (count > 1)
			return ambiguous(search, ways[i].has, count, err);
	}
	search->sink.unicode = 1;
	return not_found(search, err);
}

int find_task(const struct aiodbg_snapshot *snap, const char *text, struct work *work,
	      struct aiodbg_error *err, struct task **ret)
{
	uint64_t id;
	struct task *task = find_parse_id(text, &id) ? find_task_with_id(snap, id) : NULL;
	error_clear(err);
	if (task) {
		*ret = task;
		return 0;
	}
	struct search search = {.snap = snap, .text = text, .len = strlen(text), .work = work};
	search.sink.size = sizeof(search.sink);
	search.shown = malloc(sizeof(*search.shown));
	if (!search.shown)
		return error_no_memory(err);
	output_init(search.shown, &search.sink);
	int status = find(&search, err, ret);
	if (search.status)
		status = error_set(err, search.status, "interrupted");
	free(search.shown);
	return status;
}

/* ---- completion ---- */

/* What could be typed for the task, and its length in *len; NULL if there is nothing. */
static const char *text_for(struct search *search, const struct task *task, bool by_id, size_t *len)
{
	if (!by_id)
		return task->name ? shown_name(search, task, len) : NULL;
	search->shown->used = 0;
	output_format(search->shown, "0x%" PRIx64, task->id);
	*len = search->shown->used;
	return search->shown->buffer;
}

static int complete(struct search *search, size_t *from, char *buf, size_t size)
{
	/* "0" alone is rarely the start of a name. */
	bool by_id = search->text[0] == '0' && (!search->text[1] || search->text[1] == 'x');
	size_t end = *from + LIMIT_COMPLETION_STEPS;
	while (*from < search->snap->tasks.count) {
		size_t len;
		if (*from == end) {
			buf[0] = '\0';
			return 0;
		}
		const struct task *task = search->snap->tasks.items[(*from)++];
		const char *text = text_for(search, task, by_id, &len);
		if (!text || len < search->len || len >= size ||
		    memcmp(text, search->text, search->len) != 0)
			continue;
		memcpy(buf, text, len);
		buf[len] = '\0';
		return 0;
	}
	return AIODBG_NOT_FOUND;
}

int find_completion(const struct aiodbg_snapshot *snap, const char *word, bool unicode,
		    size_t *from, char *buf, size_t size)
{
	struct search search = {.snap = snap, .text = word, .len = strlen(word)};
	search.sink.size = sizeof(search.sink);
	search.sink.unicode = unicode;
	search.shown = malloc(sizeof(*search.shown));
	if (!search.shown)
		return AIODBG_NO_MEMORY;
	output_init(search.shown, &search.sink);
	int status = complete(&search, from, buf, size);
	free(search.shown);
	return status;
}
