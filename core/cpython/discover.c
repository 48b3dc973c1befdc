/* SPDX-License-Identifier: MIT */
/* The runtime of a target. See cpython/discover.h. */
#include "cpython/discover.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/probe.h"

#include <stdio.h>
#include <string.h>

/* _Py_Debug_Cookie: Include/internal/pycore_debug_offsets.h. It is 8-byte aligned. */
static const char cookie[8] = {'x', 'd', 'e', 'b', 'u', 'g', 'p', 'y'};

/* The first words of _Py_DebugOffsets, in every version that has it. */
#define OFFSET_VERSION 8
#define OFFSET_FREE_THREADED 16
#define HEAD_SIZE 24

/* Layout of Py_AsyncioModuleDebugOffsets, as far as it serves to recognise one:
 * Modules/_asynciomodule.c, 13 words in 3.14 and 3.15. */
enum {
	WORD_TASK_SIZE = 0,
	WORD_TASK_LAST = 6,
	WORD_INTERP_SIZE = 7,
	WORD_INTERP_TASKS = 8,
	WORD_THREAD_SIZE = 9,
	WORD_LAST = 12,
};

#define WORDS_MAX 256

static const char *const search_names[SEARCH_COUNT] = {
	[SEARCH_RUNTIME_SECTION] = ".PyRuntime",
	[SEARCH_RUNTIME_SYMBOL] = "_PyRuntime",
	[SEARCH_RUNTIME_COOKIE] = "cookie \"xdebugpy\"",
	[SEARCH_VERSION_SYMBOL] = "Py_Version",
	[SEARCH_ASYNCIO_SECTION] = ".AsyncioDebug",
	[SEARCH_ASYNCIO_OFFSETS] = "offsets of asyncio",
};

const char *search_name(enum search_id id)
{
	return search_names[id];
}

static struct search *search_begin(struct runtime *runtime, enum search_id id)
{
	struct search *search = &runtime->searches[id];
	*search = (struct search){.tried = true};
	return search;
}

/* A place was looked at, with this status and error. */
static void search_add(struct search *search, uint64_t addr, int status,
		       const struct aiodbg_error *error)
{
	size_t index = search->place_count++;
	if (index >= SEARCH_PLACES)
		return;
	search->places[index].addr = addr;
	error_clear(&search->places[index].error);
	if (status)
		search->places[index].error = *error;
}

/* The words of a published table; they have 8 bytes on every target. */
static int read_words(struct reader *reader, uint64_t addr, size_t size, uint64_t *words)
{
	if (size > WORDS_MAX * sizeof(uint64_t))
		return error_at(&reader->error, AIODBG_LIMIT, addr, "table of %zu bytes", size);
	int status = reader_read(reader, addr, words, size);
	for (size_t i = 0; !status && i < size / sizeof(uint64_t); i++)
		words[i] = reader_decode_uint(reader, (uint8_t *)&words[i], sizeof(uint64_t));
	return status;
}

static int unsupported(struct reader *reader, uint64_t addr, uint32_t version, bool free_threaded)
{
	char name[32], known[96];
	layout_version_text(version, name, sizeof(name));
	return error_at(&reader->error, AIODBG_UNSUPPORTED, addr,
			"CPython %s%s is not supported (supported: %s): _PyRuntime", name,
			free_threaded ? " free-threaded" : "",
			layout_versions(reader->word_size, known, sizeof(known)));
}

/* Whether the head of the list of interpreters leads to one. */
static int check_interpreter(struct reader *reader, const struct runtime *runtime)
{
	const struct layout *l = &runtime->layout;
	uint64_t head, next;
	int status = reader_word(reader, runtime->addr + (uint64_t)l->runtime.interpreters_head,
				 &head);
	if (!status && !head)
		return error_at(&reader->error, AIODBG_NOT_FOUND, runtime->addr,
				"CPython has no interpreter: not started yet, or finished: "
				"_PyRuntime");
	if (!status)
		status = reader_word(reader, head + (uint64_t)l->interp.next, &next);
	if (status)
		error_prefix(&reader->error, "first interpreter");
	return status;
}

/* What the target answers for the index-th place of a name. */
typedef int find_fn(const struct aiodbg_target *target, const char *name, unsigned int index,
		    uint64_t *addr);

static int find_symbol(const struct aiodbg_target *target, const char *name, unsigned int index,
		       uint64_t *addr)
{
	return target->find_symbol ? target->find_symbol(target->ctx, name, index, addr)
				   : AIODBG_NOT_FOUND;
}

static int find_section(const struct aiodbg_target *target, const char *name, unsigned int index,
			uint64_t *addr)
{
	uint64_t len;
	return target->find_section ? target->find_section(target->ctx, name, index, addr, &len)
				    : AIODBG_NOT_FOUND;
}

/* Py_Version, which is exported from 3.11 on; 0 if it cannot be found. Fails only fatally. */
static int exported_version(struct reader *reader, struct runtime *runtime, uint32_t *ret)
{
	const struct aiodbg_target *target = reader->cache.target;
	const char *name = search_names[SEARCH_VERSION_SYMBOL];
	struct search *search = search_begin(runtime, SEARCH_VERSION_SYMBOL);
	uint64_t symbol, version;
	*ret = 0;
	int status = find_symbol(target, name, 0, &symbol);
	if (status < 0)
		return error_set(&reader->error, status, "looking for %s was refused", name);
	if (status)
		return 0;
	/* An unsigned long. */
	status = reader_word(reader, symbol, &version);
	search_add(search, symbol, status, &reader->error);
	if (!status)
		*ret = (uint32_t)version;
	return error_is_fatal(status) ? status : 0;
}

/*
 * Whether a table leads to its own version. Fails with what was wrong on the way. A version
 * that is exported needs no proof, but must not be contradicted.
 */
static int try_table(struct reader *reader, uint32_t exported, struct runtime *ret)
{
	const struct aiodbg_target *target = reader->cache.target;
	int status = layout_make(ret->table, NULL, NULL, &reader->error, &ret->layout);
	if (!status)
		status = check_interpreter(reader, ret);
	if (status)
		return status;
	status = probe_version(target, &reader->cache.options, ret, &reader->error, &ret->version);
	if (status == AIODBG_FAULT && exported) {
		ret->version = exported;
		return 0;
	}
	if (status)
		return status;
	if (layout_find(ret->version, false, reader->word_size) == ret->table)
		return 0;
	char found[32];
	layout_version_text(ret->version, found, sizeof(found));
	return error_at(&reader->error, AIODBG_CORRUPT, ret->addr,
			"sys.hexversion says CPython %s, which a layout of another version led to: "
			"_PyRuntime",
			found);
}

/*
 * A runtime without a cookie, which is older than 3.13: each table that expects none is
 * tried.
 */
static int try_without_offsets(struct reader *reader, uint64_t addr, struct runtime *ret)
{
	uint32_t exported;
	struct aiodbg_error missing = {0};
	int status = exported_version(reader, ret, &exported);
	if (status)
		return status;
	ret->addr = addr;
	ret->free_threaded = false;
	for (size_t i = 0; layout_tables_without_offsets(reader->word_size, i, &ret->table); i++) {
		if (exported && layout_find(exported, false, reader->word_size) != ret->table)
			continue;
		status = try_table(reader, exported, ret);
		if (!status || error_is_fatal(status))
			return status;
		/* With a table that does not fit, all kinds of things go wrong. */
		if (exported)
			return status;
		if (status == AIODBG_FAULT && !missing.code)
			missing = reader->error;
	}
	if (exported && layout_find(exported, false, reader->word_size)) {
		char name[32];
		return error_at(&reader->error, AIODBG_CORRUPT, addr,
				"CPython %s has not the offsets that it publishes: its memory is "
				"damaged, or the debugger has other files: _PyRuntime",
				layout_version_text(exported, name, sizeof(name)));
	}
	if (exported)
		return unsupported(reader, addr, exported, false);
	char known[96];
	return error_at(
		&reader->error, AIODBG_UNSUPPORTED, addr,
		"a CPython that publishes no offsets (before 3.13), and no known layout leads "
		"to its sys.hexversion (supported: %s%s%.120s): _PyRuntime",
		layout_versions(reader->word_size, known, sizeof(known)), missing.code ? "; " : "",
		missing.message);
}

/* Joins what is published with the table. What contradicts itself is at addr. */
static int make_layout(struct reader *reader, uint64_t addr, const uint64_t *words,
		       const uint64_t *asyncio, struct runtime *runtime)
{
	struct layout layout;
	int status = (runtime->is_newer ? layout_make_newer : layout_make)(
		runtime->table, words, asyncio, &reader->error, &layout);
	if (status)
		error_locate(&reader->error, addr);
	else
		runtime->layout = layout;
	return status;
}

/* Checks one place where _PyRuntime may be, and fills *ret if it is. */
static int try_runtime(struct reader *reader, uint64_t addr, struct runtime *ret)
{
	uint8_t head[HEAD_SIZE];
	uint64_t words[WORDS_MAX];
	int status = reader_read(reader, addr, head, sizeof(head));
	if (status) {
		error_prefix(&reader->error, "_PyRuntime");
		return status;
	}
	if (memcmp(head, cookie, sizeof(cookie)) != 0)
		return try_without_offsets(reader, addr, ret);
	ret->addr = addr;
	ret->version = (uint32_t)reader_decode_uint(reader, head + OFFSET_VERSION, 8);
	ret->free_threaded = reader_decode_uint(reader, head + OFFSET_FREE_THREADED, 8) != 0;
	const struct layout_table *newest = layout_newest(ret->free_threaded, reader->word_size);
	ret->table = layout_find(ret->version, ret->free_threaded, reader->word_size);
	ret->is_newer = !ret->table && newest && ret->version >> 16 > layout_version(newest);
	if (ret->is_newer)
		ret->table = newest;
	if (!ret->table)
		return unsupported(reader, addr, ret->version, ret->free_threaded);
	status = read_words(reader, addr, layout_runtime_size(ret->table), words);
	if (!status)
		status = make_layout(reader, addr, words, NULL, ret);
	if (!status)
		status = check_interpreter(reader, ret);
	if (status && ret->is_newer) {
		char name[32];
		layout_version_text(ret->version, name, sizeof(name));
		error_prefix(&reader->error, "CPython %s is newer than known, and not like %s",
			     name, layout_name(ret->table));
	}
	return status;
}

/* Updates the layout if asyncio's offsets are at addr. */
static int try_asyncio(struct reader *reader, uint64_t addr, struct runtime *runtime)
{
	uint64_t words[WORDS_MAX], asyncio[WORDS_MAX];
	int status = read_words(reader, addr, layout_asyncio_size(runtime->table), asyncio);
	if (!status)
		status = read_words(reader, runtime->addr, layout_runtime_size(runtime->table),
				    words);
	if (!status)
		status = make_layout(reader, addr, words, asyncio, runtime);
	if (!status)
		runtime->asyncio = addr;
	return status;
}

typedef int try_fn(struct reader *reader, uint64_t addr, struct runtime *runtime);

/* Tries one place. AIODBG_NOT_FOUND: it is none, and others are to be tried; *first is then the
 * error of the first of them. */
static int try_place(struct reader *reader, struct search *search, try_fn *try, uint64_t addr,
		     struct runtime *runtime, struct aiodbg_error *first)
{
	int status = work_charge(&reader->work, LIMIT_TRY_WORK);
	if (!status)
		status = try(reader, addr, runtime);
	search_add(search, addr, status, &reader->error);
	if (!status || error_is_fatal(status))
		return status;
	if (!first->code)
		*first = reader->error;
	return AIODBG_NOT_FOUND;
}

/* Tries each place that find knows for a name, until one fits. */
static int try_named(struct reader *reader, enum search_id id, find_fn *find, try_fn *try,
		     struct runtime *runtime, struct aiodbg_error *first)
{
	const struct aiodbg_target *target = reader->cache.target;
	struct search *search = search_begin(runtime, id);
	const char *name = search_names[id];
	int status = AIODBG_NOT_FOUND;
	for (unsigned int i = 0; status == AIODBG_NOT_FOUND; i++) {
		uint64_t addr;
		status = find(target, name, i, &addr);
		if (status < 0)
			return error_set(&reader->error, status, "looking for %s was refused",
					 name);
		if (status)
			return AIODBG_NOT_FOUND;
		status = try_place(reader, search, try, addr, runtime, first);
	}
	return status;
}

/*
 * What is looked for in writable memory, in steps of 8 bytes: a word, and where it is in the
 * whole. matches() may look further; size: the bytes of the whole.
 */
struct pattern {
	uint8_t word[8];
	size_t offset, size;
	bool (*matches)(const struct reader *reader, const uint8_t *bytes,
			const struct runtime *runtime);
};

/* The first place from *at on, among the len bytes, where the pattern may be. */
static bool pattern_find(const struct pattern *pattern, const uint8_t *bytes, size_t len,
			 size_t *at)
{
	uint64_t wanted, word;
	memcpy(&wanted, pattern->word, sizeof(wanted));
	for (; *at + pattern->size <= len && *at < LIMIT_PAGE_SIZE; *at += sizeof(word)) {
		memcpy(&word, bytes + *at + pattern->offset, sizeof(word));
		if (word == wanted)
			return true;
	}
	return false;
}

static int scan_region(struct reader *reader, const struct aiodbg_region *region,
		       const struct pattern *pattern, try_fn *try, struct runtime *runtime,
		       struct search *search, struct aiodbg_error *first)
{
	uint8_t page[LIMIT_PAGE_SIZE + 256];
	/* Addresses wrap around behind a region at the end of the address space. */
	uint64_t size = region->end > region->start ? region->end - region->start : 0;
	uint64_t gap = 0;
	for (uint64_t at = 0; at < size; at += LIMIT_PAGE_SIZE) {
		uint64_t addr = region->start + at, left = size - at;
		size_t len = left < LIMIT_PAGE_SIZE ? (size_t)left : LIMIT_PAGE_SIZE;
		int status = work_step(&reader->work);
		if (!status)
			status = reader_read(reader, addr, page, len);
		if (error_is_fatal(status))
			return status;
		*(status ? &search->unreadable : &search->bytes) += len;
		gap = status ? gap + len : 0;
		/* What a core has lost, it has lost to the end of a region. */
		if (gap > LIMIT_SEARCH_GAP) {
			search->unreadable += left - len;
			return AIODBG_NOT_FOUND;
		}
		if (status)
			continue;
		/* What spans the end of a page is completed if the next one is there. */
		if (left > len && reader_read(reader, addr + len, page + len, pattern->size) == 0)
			len += pattern->size;
		for (size_t i = 0; pattern_find(pattern, page, len, &i); i += 8) {
			if (pattern->matches && !pattern->matches(reader, page + i, runtime))
				continue;
			status = try_place(reader, search, try, addr + i, runtime, first);
			if (status != AIODBG_NOT_FOUND)
				return status;
		}
	}
	return AIODBG_NOT_FOUND;
}

static int scan(struct reader *reader, enum search_id id, const struct pattern *pattern,
		try_fn *try, struct runtime *runtime, struct aiodbg_error *first)
{
	struct search *search = search_begin(runtime, id);
	struct aiodbg_region region = {0};
	for (size_t i = 0;; i++) {
		int status = reader_next_region(reader, &region);
		if (status)
			return status;
		if (i == LIMIT_REGIONS)
			break;
		if (!region.writable)
			continue;
		search->regions++;
		status = scan_region(reader, &region, pattern, try, runtime, search, first);
		if (status != AIODBG_NOT_FOUND)
			return status;
	}
	if (!first->code)
		error_at(first, AIODBG_LIMIT, region.start,
			 "%s is not in the first %d regions of memory, and the others are not "
			 "searched: region",
			 search_names[id], LIMIT_REGIONS);
	return AIODBG_NOT_FOUND;
}

static int scan_cookie(struct reader *reader, struct runtime *runtime, struct aiodbg_error *first)
{
	struct pattern pattern = {.size = HEAD_SIZE};
	memcpy(pattern.word, cookie, sizeof(cookie));
	return scan(reader, SEARCH_RUNTIME_COOKIE, &pattern, try_runtime, runtime, first);
}

static bool match_asyncio(const struct reader *reader, const uint8_t *bytes,
			  const struct runtime *runtime)
{
	uint64_t words[WORD_LAST + 1];
	for (size_t i = 0; i <= WORD_LAST; i++)
		words[i] = reader_decode_uint(reader, bytes + i * 8, 8);
	if (words[WORD_TASK_SIZE] != (uint64_t)runtime->layout.task.size ||
	    words[WORD_INTERP_TASKS] >= words[WORD_INTERP_SIZE])
		return false;
	for (size_t i = WORD_THREAD_SIZE + 1; i <= WORD_LAST; i++) {
		if (words[i] >= words[WORD_THREAD_SIZE])
			return false;
	}
	return true;
}

/* Known by the size of an interpreter, which is a large number like no other. */
static int scan_asyncio(struct reader *reader, struct runtime *runtime)
{
	struct pattern pattern = {
		.offset = WORD_INTERP_SIZE * 8ul,
		.size = (WORD_LAST + 1) * 8ul,
		.matches = match_asyncio,
	};
	uint64_t interp_size = (uint64_t)runtime->layout.interp.size;
	for (size_t i = 0; i < sizeof(pattern.word); i++) {
		size_t shift = reader->big_endian ? 56 - i * 8 : i * 8;
		pattern.word[i] = (uint8_t)(interp_size >> shift);
	}
	return scan(reader, SEARCH_ASYNCIO_OFFSETS, &pattern, try_asyncio, runtime,
		    &runtime->asyncio_error);
}

static int not_found(struct reader *reader)
{
	const struct aiodbg_target *target = reader->cache.target;
	return error_set(&reader->error, AIODBG_NOT_FOUND,
			 "no CPython here: no symbol _PyRuntime, no section .PyRuntime%s; before "
			 "3.13 it is found only if its executable, or libpython, is loaded: is "
			 "this %s a Python program, and are its files there?",
			 target->next_region ? ", no cookie \"xdebugpy\" in writable memory" : "",
			 target->kind == AIODBG_TARGET_CORE ? "core of" : "process");
}

int discover_runtime(struct reader *reader, struct runtime *ret)
{
	struct aiodbg_error first = {0};
	*ret = (struct runtime){0};
	/* A debugger lists sections at once, but may load debug information for a symbol. */
	ret->found_by = FOUND_SECTION;
	int status = try_named(reader, SEARCH_RUNTIME_SECTION, find_section, try_runtime, ret,
			       &first);
	if (status == AIODBG_NOT_FOUND) {
		ret->found_by = FOUND_SYMBOL;
		status = try_named(reader, SEARCH_RUNTIME_SYMBOL, find_symbol, try_runtime, ret,
				   &first);
	}
	/* A symbol or section that led nowhere says more than a search could. */
	if (status == AIODBG_NOT_FOUND && !first.code) {
		ret->found_by = FOUND_SCAN;
		status = scan_cookie(reader, ret, &first);
	}
	if (status == AIODBG_NOT_FOUND && !first.code)
		return not_found(reader);
	if (status == AIODBG_NOT_FOUND) {
		reader->error = first;
		return first.code;
	}
	if (status)
		return status;

	status = try_named(reader, SEARCH_ASYNCIO_SECTION, find_section, try_asyncio, ret,
			   &ret->asyncio_error);
	if (!status)
		ret->asyncio_found_by = FOUND_SECTION;
	return status == AIODBG_NOT_FOUND ? 0 : status;
}

int discover_asyncio(struct reader *reader, struct runtime *runtime)
{
	int status = scan_asyncio(reader, runtime);
	if (!status)
		runtime->asyncio_found_by = FOUND_SCAN;
	return status == AIODBG_NOT_FOUND ? 0 : status;
}
