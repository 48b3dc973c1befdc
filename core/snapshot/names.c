/* SPDX-License-Identifier: MIT */
/*
 * Names of tasks. See snapshot/names.h.
 *
 * anyio names a task by its coroutine: starlette.middleware.base.BaseHTTPMiddleware.__call__.
 * <locals>.call_next.<locals>.coro. That is the widest column of a table, and each request has it.
 */
#include "snapshot/names.h"

#include "base/error.h"
#include "base/hashtab.h"
#include "memory/reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char locals[] = "<locals>";

/* Coroutines that a library may put around the one that names a task: anyio one. */
#define WRAPPERS 2

static bool is_module(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c < 0x80 && !isalnum(c) && c != '_' && c != '.')
			return false;
	}
	return len && text[0] != '.';
}

/* The last part of the first len bytes that is no "<locals>"; its length in *part_len. */
static const char *last_part(const char *name, size_t len, size_t *part_len)
{
	size_t end = len, start;
	do {
		for (start = end; start && name[start - 1] != '.'; start--)
			;
		*part_len = end - start;
		end = start ? start - 1 : 0;
	} while (end && *part_len == strlen(locals) && !memcmp(name + start, locals, *part_len));
	return name + start;
}

const char *names_shorten(struct arena *arena, const char *name, const char *qualname, bool *full)
{
	size_t len = strlen(name), tail = strlen(qualname);
	if (!tail || len < tail + 2 || name[len - tail - 1] != '.' ||
	    memcmp(name + len - tail, qualname, tail) != 0 || !is_module(name, len - tail - 1))
		return NULL;
	size_t last_len, before_len;
	const char *last = last_part(name, len, &last_len);
	if (last == name)
		return NULL;
	const char *before = last_part(name, (size_t)(last - name) - 1, &before_len);
	char *text = arena_alloc(arena, before_len + 1 + last_len + 1);
	*full = !text;
	if (!text)
		return NULL;
	memcpy(text, before, before_len);
	text[before_len] = '.';
	memcpy(text + before_len + 1, last, last_len);
	return text;
}

static hashval_t hash_name(const void *element)
{
	return htab_hash_string(((const struct task *)element)->name);
}

static int equal_names(const void *element, const void *other)
{
	return !strcmp(((const struct task *)element)->name, ((const struct task *)other)->name);
}

/* Default names are made from a number that counts up. */
static bool is_default(const char *name)
{
	return !strncmp(name, "Task-", 5) && isdigit((unsigned char)name[5]);
}

static int settle(struct aiodbg_snapshot *snap, htab_t by_name, struct task *task)
{
	bool full = false;
	if (!task->name || is_default(task->name))
		return 0;
	for (size_t i = task->depth; i > 0 && i + WRAPPERS >= task->depth && !task->short_name;
	     i--) {
		const char *function = task->stack[i - 1]->function;
		if (function && !full)
			task->short_name = names_shorten(&snap->arena, task->name, function, &full);
	}
	struct task **slot = (struct task **)htab_find_slot(by_name, task, INSERT);
	if (!slot || full)
		return AIODBG_NO_MEMORY;
	if (!*slot) {
		*slot = task;
		return 0;
	}
	(*slot)->has_namesake = task->has_namesake = true;
	return 0;
}

int names_settle(struct aiodbg_snapshot *snap, struct reader *reader)
{
	htab_t by_name = htab_create_alloc(64, hash_name, equal_names, NULL, calloc, free);
	int status = by_name ? 0 : error_no_memory(&reader->error);
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		status = work_step(&reader->work);
		if (!status)
			status = settle(snap, by_name, snap->tasks.items[i]);
	}
	if (by_name)
		htab_delete(by_name);
	return status == AIODBG_NO_MEMORY ? error_no_memory(&reader->error) : status;
}
