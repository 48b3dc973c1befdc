/* SPDX-License-Identifier: MIT */
/* A process around a heap. See heap_process.h. */
#include "heap_process.h"

#define VERSION_OFFSET 8
#define FREE_THREADED_OFFSET 16

void heap_put_published(struct heap *heap, uint64_t addr, const struct published_table *published)
{
	for (size_t i = 0; i < published->count; i++) {
		int32_t value = ((const int32_t *)&heap->layout)[published->fields[i].member];
		memory_put(&heap->memory, addr + published->fields[i].offset,
			   value == LAYOUT_NONE ? 0 : (uint64_t)value, 8);
	}
}

/* An empty list points at itself. */
static void put_list(struct heap *heap, uint64_t list)
{
	heap_put(heap, list, node.next, list);
	heap_put(heap, list, node.prev, list);
}

uint64_t heap_thread_list(const struct heap *heap, uint64_t thread)
{
	return thread + (uint64_t)heap->layout.thread.tasks_head;
}

uint64_t heap_interp_list(const struct heap *heap, uint64_t interp)
{
	return interp + (uint64_t)heap->layout.interp.tasks_head;
}

void heap_link(struct heap *heap, uint64_t list, uint64_t task)
{
	uint64_t node = task + (uint64_t)heap->layout.task.node;
	uint64_t last = heap_get(heap, list, node.prev);
	heap_put(heap, node, node.prev, last);
	heap_put(heap, node, node.next, list);
	heap_put(heap, last, node.next, node);
	heap_put(heap, list, node.prev, node);
}

uint64_t heap_add_task(struct heap *heap, const char *name, uint64_t coro)
{
	uint64_t task = heap_task(heap, name, coro);
	if (heap_has(heap, task.node))
		heap_link(heap, heap_thread_list(heap, heap->thread), task);
	else
		heap_set_add(heap, heap->all_tasks, heap_weakref(heap, task));
	return task;
}

uint64_t heap_add_interp(struct heap *heap, int64_t id)
{
	uint64_t interp = heap_alloc(heap, (size_t)heap->layout.interp.size);
	heap_put_size(heap, interp, interp.id, id, 8);
	heap_put(heap, interp, interp.next,
		 heap_get(heap, heap->runtime, runtime.interpreters_head));
	heap_put(heap, heap->runtime, runtime.interpreters_head, interp);
	if (heap_has(heap, task.node))
		put_list(heap, heap_interp_list(heap, interp));
	return interp;
}

/* Up to 3.10 the thread id is found in what glibc has for the thread. */
static uint64_t pthread(struct heap *heap, uint64_t tid)
{
	uint64_t addr = heap_alloc(heap, 1024);
	memory_put(&heap->memory, addr + 720, tid, 4);
	return addr;
}

uint64_t heap_add_thread(struct heap *heap, uint64_t interp, uint64_t tid)
{
	uint64_t thread = heap_alloc(heap, (size_t)heap->layout.thread.size);
	heap_put(heap, thread, thread.interp, interp);
	heap_put(heap, thread, thread.thread_id, pthread(heap, tid));
	heap_put(heap, thread, thread.native_thread_id, tid);
	heap_put(heap, thread, thread.next, heap_get(heap, interp, interp.threads_head));
	heap_put(heap, interp, interp.threads_head, thread);
	if (heap_has(heap, task.node))
		put_list(heap, heap_thread_list(heap, thread));
	return thread;
}

void heap_run_loop(struct heap *heap, uint64_t thread, uint64_t loop)
{
	static const char key[] = "__asyncio_running_event_loop__";
	heap_put(heap, thread, thread.running_loop, loop);
	if (heap_has(heap, thread.running_loop))
		return;
	uint64_t value = loop;
	if (heap_has(heap, loopholder.loop))
		value = heap_wrapper(heap, TYPE_LOOP_HOLDER, loop);
	heap_put(heap, thread, thread.dict, heap_dict(heap, ITEMS({key, value})));
}

void heap_run_frame(struct heap *heap, uint64_t thread, uint64_t frame)
{
	heap_put(heap, thread, thread.current_frame, frame);
	if (heap_has(heap, thread.current_frame))
		return;
	uint64_t cframe = heap_alloc(heap, 32);
	heap_put(heap, cframe, cframe.current_frame, frame);
	heap_put(heap, thread, thread.cframe, cframe);
}

void heap_run_task(struct heap *heap, uint64_t task)
{
	heap_put(heap, heap->thread, thread.running_task, task);
	if (heap_has(heap, thread.running_task))
		return;
	/* One entry, behind an index table of 8 bytes. */
	uint64_t keys = heap_keys(heap, KEYS_GENERAL, ITEMS({"loop", task}));
	heap_put(heap, keys + (uint64_t)heap->layout.keys.indices + 8, entry.key, heap->loop);
	heap_put(heap, heap->current_tasks, dict.keys, keys);
}

/* _asyncio, with the types in its state. */
static uint64_t asyncio_module(struct heap *heap)
{
	uint64_t module = heap_module(heap, ITEMS({"Future", heap->types[TYPE_FUTURE]},
						  {"Task", heap->types[TYPE_TASK]}));
	if (!heap_has(heap, asyncio.size))
		return module;
	uint64_t state = heap_alloc(heap, (size_t)heap->layout.asyncio.size);
	heap_put(heap, state, asyncio.futureiter_type, heap->types[TYPE_FUTUREITER]);
	heap_put(heap, state, asyncio.future_type, heap->types[TYPE_FUTURE]);
	heap_put(heap, state, asyncio.task_type, heap->types[TYPE_TASK]);
	heap_put(heap, state, asyncio.foreign_tasks, heap_weakset(heap, NULL, 0));
	heap_put(heap, state, asyncio.foreign_eager_tasks, heap_set(heap, NULL, 0));
	heap_put(heap, module, module.state, state);
	return module;
}

/* asyncio.tasks: up to 3.13 with all tasks. */
static uint64_t tasks_module(struct heap *heap)
{
	heap->all_tasks = heap_set_of_size(heap, 128);
	uint64_t weakset = heap_values_instance(heap, "WeakSet", ITEMS({"data", heap->all_tasks}));
	uint64_t current = heap->current_tasks = heap_dict(heap, NULL, 0);
	if (heap->table->version < 0x030c)
		return heap_module(heap,
				   ITEMS({"_all_tasks", weakset}, {"_current_tasks", current}));
	return heap_module(heap, ITEMS({"_scheduled_tasks", weakset}, {"_current_tasks", current},
				       {"_eager_tasks", heap_set(heap, NULL, 0)}));
}

static uint64_t types_module(struct heap *heap)
{
	return heap_module(heap, ITEMS({"CodeType", heap->types[TYPE_CODE]},
				       {"FunctionType", heap->types[TYPE_FUNCTION]},
				       {"CoroutineType", heap->types[TYPE_COROUTINE]},
				       {"GeneratorType", heap->types[TYPE_GENERATOR]},
				       {"AsyncGeneratorType", heap->types[TYPE_ASYNC_GENERATOR]},
				       {"MethodType", heap->types[TYPE_METHOD]},
				       {"BuiltinFunctionType", heap->types[TYPE_CFUNCTION]},
				       {"CellType", heap->types[TYPE_CELL]},
				       {"ModuleType", heap->types[TYPE_MODULE]},
				       {"NoneType", heap->types[TYPE_NONE]}));
}

static uint64_t make_modules(struct heap *heap, const struct heap_item *items, size_t count)
{
	int64_t hexversion = (int64_t)heap->table->version << 16 | 0x0af0;
	struct heap_item all[32] = {
		{"sys", heap_module(heap, ITEMS({"abiflags", heap_str(heap, "")},
						{"hexversion", heap_int(heap, hexversion)}))},
		{"builtins", heap_module(heap, ITEMS({"set", heap->types[TYPE_SET]},
						     {"frozenset", heap->types[TYPE_FROZENSET]}))},
		{"types", types_module(heap)},
		{"_weakref",
		 heap_module(heap, ITEMS({"ReferenceType", heap->types[TYPE_WEAKREF]}))},
		{"_collections", heap_module(heap, ITEMS({"deque", heap->types[TYPE_DEQUE]}))},
		{"_asyncio", asyncio_module(heap)},
		{"asyncio.tasks", tasks_module(heap)},
	};
	size_t used = 0;
	while (all[used].name)
		used++;
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;
		while (at < used && strcmp(all[at].name, items[i].name) != 0)
			at++;
		ck_assert(at < COUNT(all));
		all[at] = items[i];
		used += at == used;
	}
	return heap_dict(heap, all, used);
}

/* Up to 3.12 _PyRuntime begins with nothing that could be known again. */
static void make_runtime(struct heap *heap)
{
	const struct layout_table *table = heap->table;
	heap->runtime = heap_alloc_static(heap, (size_t)heap->layout.runtime.size);
	memory_add_symbol(&heap->memory, "_PyRuntime", heap->runtime);
	if (!table->runtime.size)
		return;
	memcpy(memory_at(&heap->memory, heap->runtime, 8), "xdebugpy", 8);
	memory_put(&heap->memory, heap->runtime + VERSION_OFFSET,
		   (uint64_t)table->version << 16 | 0x0af0, 8);
	memory_put(&heap->memory, heap->runtime + FREE_THREADED_OFFSET, table->free_threaded, 8);
	heap_put_published(heap, heap->runtime, &table->runtime);
}

static void make_asyncio_debug(struct heap *heap)
{
	const struct published_table *published = &heap->table->asyncio;
	if (!published->size)
		return;
	heap->asyncio_debug = heap_alloc_static(heap, published->size);
	heap_put_published(heap, heap->asyncio_debug, published);
	memory_add_section(&heap->memory, ".AsyncioDebug", heap->asyncio_debug, published->size);
}

void heap_start(struct heap *heap, const struct heap_item *items, size_t count)
{
	make_runtime(heap);
	make_asyncio_debug(heap);
	heap->interp = heap_add_interp(heap, 0);
	heap->thread = heap_add_thread(heap, heap->interp, HEAP_TID);
	heap->loop = heap_instance(heap, "EventLoop", NULL, 0);
	heap_run_loop(heap, heap->thread, heap->loop);
	heap_put(heap, heap->interp, interp.modules, make_modules(heap, items, count));
}
