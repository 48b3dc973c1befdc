/* SPDX-License-Identifier: MIT */
/*
 * Finding CPython's runtime in a target, and what it says of itself.
 *
 * _PyRuntime is exported, so a symbol finds it even in a stripped file; so does the
 * section .PyRuntime; and it begins with a cookie that is found in plain memory, in a
 * core that came without its executable. asyncio's own table of offsets is in a section
 * of whatever file _asyncio is linked into; without sections it is recognised by what it
 * repeats from the runtime's.
 */
#ifndef CPYTHON_DISCOVER_H
#define CPYTHON_DISCOVER_H

#include "cpython/layout.h"
#include "memory/reader.h"

enum found_by {
	FOUND_NOT,
	FOUND_SYMBOL,
	FOUND_SECTION,
	FOUND_SCAN,
};

/* What is looked for, in this order, until something is found. */
enum search_id {
	SEARCH_RUNTIME_SECTION,
	SEARCH_RUNTIME_SYMBOL,
	SEARCH_RUNTIME_COOKIE,
	/* The version of a CPython without a cookie. */
	SEARCH_VERSION_SYMBOL,
	SEARCH_ASYNCIO_SECTION,
	SEARCH_ASYNCIO_OFFSETS,
	SEARCH_COUNT,
};

/* Places that are kept. */
#define SEARCH_PLACES 3

/* What one search came to, for whoever wants to know why. */
struct search {
	bool tried;
	/* How many places were looked at, and the first of them, with what was wrong there:
	 * code 0 if nothing was. */
	size_t place_count;
	struct {
		uint64_t addr;
		struct aiodbg_error error;
	} places[SEARCH_PLACES];
	/* Of a search through memory: regions, and bytes of them that could be read or not. */
	size_t regions;
	uint64_t bytes, unreadable;
};

/* ".PyRuntime": a section, a symbol, or what is searched for in memory. */
const char *search_name(enum search_id id);

struct runtime {
	/* _PyRuntime. */
	uint64_t addr;
	enum found_by found_by;
	/* Py_Version. */
	uint32_t version;
	bool free_threaded;
	const struct layout_table *table;
	/* There is no table for the version: this is the newest one, and what the target
	 * publishes does not contradict it. */
	bool is_newer;
	/* Py_AsyncioModuleDebugOffsets; 0 if there is none. */
	uint64_t asyncio;
	enum found_by asyncio_found_by;
	/* Why a place that should hold them did not. */
	struct aiodbg_error asyncio_error;
	/* Also there if nothing was found. */
	struct search searches[SEARCH_COUNT];
	struct layout layout;
};

/* Find the runtime, and asyncio's offsets if a section holds them. */
int discover_runtime(struct reader *reader, struct runtime *ret);

/*
 * Look for asyncio's offsets in all of memory, for a target that is known to have loaded
 * asyncio while no section says where. Updates the layout if it finds them.
 */
int discover_asyncio(struct reader *reader, struct runtime *runtime);

#endif
