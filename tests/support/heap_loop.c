/* SPDX-License-Identifier: MIT */
#include "heap_loop.h"

#include <stdio.h>

uint64_t heap_handle(struct heap *heap, uint64_t callback, uint64_t args)
{
	args = args ? args : heap_tuple(heap, NULL, 0);
	return heap_instance(
		heap, "Handle",
		ITEMS({"_callback", callback}, {"_args", args}, {"_cancelled", heap_int(heap, 0)}));
}

uint64_t heap_timer(struct heap *heap, uint64_t callback, uint64_t args, double when)
{
	args = args ? args : heap_tuple(heap, NULL, 0);
	return heap_instance(heap, "TimerHandle",
			     ITEMS({"_callback", callback}, {"_args", args},
				   {"_cancelled", heap_int(heap, 0)},
				   {"_when", heap_float(heap, when)}));
}

uint64_t heap_asyncio_function(struct heap *heap, const char *name, const char *file)
{
	char path[64];
	snprintf(path, sizeof(path), "/usr/lib/python3/asyncio/%s", file);
	return heap_function(heap, heap_code(heap, CODE(.name = name, .file = path, .line = 300)),
			     0);
}

uint64_t heap_selector_key(struct heap *heap, uint64_t events, uint64_t reader, uint64_t writer)
{
	uint64_t data = heap_tuple(heap, OBJECTS(reader, writer));
	return heap_tuple(heap, OBJECTS(heap->none, heap_int(heap, 0),
					heap_int(heap, (int64_t)events), data));
}

/* Entries of a small dict are behind an index table of 8 bytes. */
static void put_key(struct heap *heap, uint64_t keys, size_t index, uint64_t key)
{
	uint64_t entry = keys + (uint64_t)heap->layout.keys.indices + 8 +
			 index * (uint64_t)heap->layout.entry.size;
	heap_put(heap, entry, entry.key, key);
}

uint64_t heap_selector(struct heap *heap, const uint64_t *fds, const uint64_t *keys, size_t count)
{
	struct heap_item items[5];
	ck_assert_uint_le(count, sizeof(items) / sizeof(items[0]));
	for (size_t i = 0; i < count; i++)
		items[i] = (struct heap_item){"0", keys[i]};
	uint64_t found = heap_keys(heap, KEYS_GENERAL, items, count);
	for (size_t i = 0; i < count; i++)
		put_key(heap, found, i, heap_int(heap, (int64_t)fds[i]));
	uint64_t dict = heap_dict_of(heap, found, 0);
	heap_put(heap, dict, dict.used, count);
	return heap_instance(heap, "EpollSelector", ITEMS({"_fd_to_key", dict}));
}

uint64_t heap_waiting_task(struct heap *heap, const char *name, uint64_t future)
{
	uint64_t coro = heap_coro(heap, name, 5, heap_wrapper(heap, TYPE_FUTUREITER, future));
	uint64_t task = heap_add_task(heap, name, coro);
	heap_put(heap, task, task.fut_waiter, future);
	return task;
}

struct aiodbg_snapshot *heap_decode(struct heap *heap, uint32_t wants, uint64_t loop, uint64_t tid)
{
	static struct aiodbg_error err;
	const struct aiodbg_request request = {
		.size = sizeof(request), .wants = wants, .loop = loop, .tid = tid};
	struct aiodbg_snapshot *snap;
	struct aiodbg *dbg;
	expect_ok(&err, aiodbg_open(&heap->memory.target, NULL, &err, &dbg));
	expect_ok(&err, aiodbg_snapshot_create(dbg, &request, &err, &snap));
	aiodbg_close(dbg);
	return snap;
}
