/* SPDX-License-Identifier: MIT */
/* The module linecache. See cpython/linecache.h. */
#include "cpython/linecache.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/dict.h"
#include "cpython/int.h"
#include "cpython/modules.h"
#include "cpython/object.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

#include <string.h>

/* Items of an entry: (size, mtime, lines, full name). Of one that is read when it is asked for there
 * is a function only. */
#define ENTRY_ITEMS 4
#define ENTRY_LINES 2

/* The key of an entry for one code. */
enum { KEY_FILE, KEY_FUNCTION, KEY_FIRST_LINE, KEY_ITEMS };

static bool is_tuple_of(struct decoder *decoder, uint64_t addr, uint64_t count)
{
	enum kind kind;
	uint64_t length;
	return !object_kind(decoder, addr, &kind) && kind == KIND_TUPLE &&
	       !container_length(decoder, addr, &length) && length == count;
}

static int read_item(struct decoder *decoder, uint64_t tuple, uint64_t index, const char **ret)
{
	uint64_t item;
	int status = tuple_item(decoder, tuple, index, &item);
	return status ? status : str_read(decoder, item, ret);
}

static int read_key(struct decoder *decoder, uint64_t key, struct linecache_entry *entry)
{
	uint64_t line;
	if (!is_tuple_of(decoder, key, KEY_ITEMS))
		return str_read(decoder, key, &entry->file);
	int status = read_item(decoder, key, KEY_FILE, &entry->file);
	if (!status)
		status = read_item(decoder, key, KEY_FUNCTION, &entry->function);
	if (!status)
		status = tuple_item(decoder, key, KEY_FIRST_LINE, &line);
	return status ? status : int_read(decoder, line, &entry->firstlineno);
}

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct linecache *cache = arg;
	struct linecache_entry entry = {0};
	if (cache->count == LIMIT_LINECACHE || !is_tuple_of(decoder, value, ENTRY_ITEMS))
		return 0;
	int status = read_key(decoder, key, &entry);
	if (!status)
		status = tuple_item(decoder, value, ENTRY_LINES, &entry.lines);
	if (!status && !array_push(cache, entry))
		return decoder_no_memory(decoder);
	return error_is_fatal(status) ? status : 0;
}

int linecache_read(struct decoder *decoder, const struct interp *interp, struct linecache *ret)
{
	static const char *const names[] = {"cache", "_interactive_cache"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t dict;
		int status = modules_global(decoder, interp, "linecache", names[i], &dict);
		if (!status && dict)
			status = dict_visit(decoder, dict, visit_entry, ret);
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

struct line_finder {
	int64_t left;
	uint64_t found;
};

static int visit_line(struct decoder *decoder, uint64_t item, void *arg)
{
	struct line_finder *finder = arg;
	(void)decoder;
	if (--finder->left == 0)
		finder->found = item;
	return 0;
}

static bool has_code(const struct linecache_entry *entry, const struct code *code)
{
	if (!entry->function)
		return true;
	const char *name = code && code->qualname ? code->qualname : code ? code->name : NULL;
	return name && !strcmp(entry->function, name) && entry->firstlineno == code->firstlineno;
}

int linecache_line(struct decoder *decoder, const struct linecache *cache, const char *file,
		   const struct code *code, int64_t line, const char **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < cache->count; i++) {
		const struct linecache_entry *entry = &cache->items[i];
		if (!entry->file || strcmp(entry->file, file) != 0 || !has_code(entry, code))
			continue;
		struct line_finder finder = {.left = line};
		int status = sequence_visit(decoder, entry->lines, visit_line, &finder);
		if (!status && finder.found)
			status = str_read(decoder, finder.found, ret);
		return error_is_fatal(status) ? status : 0;
	}
	return 0;
}
