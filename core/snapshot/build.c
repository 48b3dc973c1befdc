/* SPDX-License-Identifier: MIT */
/*
 * From memory to a snapshot. See snapshot/build.h.
 *
 * Tasks are looked for where CPython keeps them; each becomes a node, with links to the
 * futures and tasks that await it. Those that were not known before become nodes too, so
 * the list of nodes is worked off until it is complete. What a thread runs is taken from
 * the thread's frames afterwards.
 */
#include "snapshot/build.h"

#include "asyncio/find_tasks.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "base/sort.h"
#include "cpython/dict.h"
#include "cpython/discover.h"
#include "cpython/modules.h"
#include "cpython/str.h"
#include "process/family.h"
#include "snapshot/builder.h"
#include "snapshot/copies.h"
#include "snapshot/decode.h"
#include "snapshot/find.h"
#include "snapshot/finished.h"
#include "snapshot/groups.h"
#include "snapshot/names.h"
#include "snapshot/running.h"
#include "snapshot/settle.h"

#include <inttypes.h>
#include <string.h>

/* A debug build says so in sys.abiflags. */
static int read_build(struct builder *builder, const struct modules *modules)
{
	uint64_t flags;
	const char *text;
	struct decoder *decoder = builder->decoder;
	if (builder->snap->debug >= 0 || !modules->sys)
		return 0;
	int status = dict_get(decoder, modules->sys, "abiflags", &flags);
	if (!status && flags)
		status = str_read(decoder, flags, &text);
	if (!status && flags)
		builder->snap->debug = strchr(text, 'd') != NULL;
	return decoder_go_on(decoder, status);
}

/* An entry of asyncio.tasks._current_tasks: the loop, and the task that it runs. */
static int visit_current(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct builder *builder = arg;
	(void)decoder;
	ptrdiff_t thread = decode_thread_of_loop(builder, key);
	if (thread >= 0)
		builder->snap->threads.items[thread].running_task = value;
	return 0;
}

/* Up to 3.13 all running tasks are in a dict, later only those of other classes. */
static int read_current_tasks(struct builder *builder, const struct modules *modules)
{
	struct decoder *decoder = builder->decoder;
	uint64_t dict = 0;
	if (!modules->tasks)
		return 0;
	int status = 0;
	bool same = false;
	for (int i = 0; !same && i < LIMIT_TRIES; i++) {
		reader_begin(&decoder->reader);
		status = dict_get(decoder, modules->tasks, "_current_tasks", &dict);
		if (!status && dict)
			status = dict_visit(decoder, dict, visit_current, builder);
		if (error_is_fatal(status))
			return status;
		struct aiodbg_error error = decoder->reader.error;
		int verified = reader_verify(&decoder->reader, &same);
		if (verified)
			return verified;
		decoder->reader.error = error;
	}
	if (!status)
		return 0;
	error_prefix(&decoder->reader.error, "running tasks");
	return builder_note(builder, &decoder->reader.error);
}

/* The number of a default name such as Task-12; other names come last. */
static uint64_t default_number(const struct task *task)
{
	if (!task->name || strncmp(task->name, "Task-", 5) != 0)
		return UINT64_MAX;
	uint64_t number = 0;
	size_t digits = 0;
	/* So many fit. */
	for (const char *digit = task->name + 5; *digit; digit++, digits++) {
		if (*digit < '0' || *digit > '9' || digits == 19)
			return UINT64_MAX;
		number = number * 10 + (uint64_t)(*digit - '0');
	}
	return digits ? number : UINT64_MAX;
}

static int compare_tasks(const void *a, const void *b)
{
	const struct task *x = *(struct task *const *)a, *y = *(struct task *const *)b;
	uint64_t first = default_number(x), second = default_number(y);
	if (first != second)
		return first < second ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/*
 * Sets have no order. Tasks that were found in one are put into the order of their
 * creation, as far as default names tell it, then of their addresses.
 */
static int sort_tasks(struct builder *builder, size_t from)
{
	struct tasks *tasks = &builder->snap->tasks;
	size_t count = tasks->count - from;
	int status = count ? sort_items(&builder->decoder->reader.work, tasks->items + from, count,
					sizeof(tasks->items[0]), compare_tasks)
			   : 0;
	for (size_t i = from; i < tasks->count; i++)
		tasks->items[i]->index = i;
	return status;
}

/* asyncio is in use but says nowhere where its state is. */
static int find_asyncio(struct builder *builder, struct runtime *runtime)
{
	struct reader *reader = &builder->decoder->reader;
	builder->asyncio_searched = true;
	int status = discover_asyncio(reader, runtime);
	if (status || runtime->asyncio)
		return status;
	const char *why = runtime->asyncio_error.code
				  ? runtime->asyncio_error.message
				  : "no such section, nothing like it in memory";
	error_set(&reader->error, AIODBG_NOT_FOUND,
		  "offsets of asyncio (.AsyncioDebug) not found, built-in ones used: %.200s", why);
	return builder_note(builder, &reader->error);
}

/* Decoding waits comes back to all that the tasks are made of. */
static void remember(struct decoder *decoder)
{
	struct pagecache *cache = &decoder->reader.cache;
	pagecache_resize(cache, LIMIT_CACHE_WAITS);
	/* What runs on may be elsewhere by then. */
	if (!pagecache_may_change(cache))
		decoder->chains_left = LIMIT_CHAINS_KEPT;
}

/* They are too many for that. */
static void forget(struct decoder *decoder)
{
	pagecache_resize(&decoder->reader.cache, LIMIT_CACHE_SIZE);
	decoder->chains_left = 0;
}

/* Which loops the threads from first on run. */
static int note_loops(struct builder *builder, size_t first)
{
	const struct threads *threads = &builder->snap->threads;
	for (size_t i = first; i < threads->count; i++) {
		uint64_t loop = threads->items[i].running_loop;
		if (loop && !addrmap_put(&builder->loops, loop, (void *)(uintptr_t)(i + 1)))
			return decoder_no_memory(builder->decoder);
	}
	return 0;
}

static int decode_interp(struct builder *builder, size_t index, struct runtime *runtime)
{
	struct aiodbg_snapshot *snap = builder->snap;
	struct decoder *decoder = builder->decoder;
	size_t from = builder->graph->nodes.count;
	struct modules modules;
	builder->interp = index;
	size_t first_thread = snap->threads.count, first_task = snap->tasks.count;
	int status = modules_read(decoder, &snap->interps.items[index], &modules, builder_note,
				  builder);
	if (!status)
		status = read_build(builder, &modules);
	builder->loops_unrecorded |= !status && modules.complete && modules.tasks &&
				     !modules.asyncio;
	if (!status && (modules.asyncio || modules.tasks || !modules.complete))
		snap->asyncio_loaded = true;
	if (!status && modules.asyncio && !runtime->asyncio && !builder->asyncio_searched &&
	    layout_asyncio_size(runtime->table))
		status = find_asyncio(builder, runtime);
	if (!status)
		status = threads_read(decoder, &snap->interps, index, &snap->threads, builder_note,
				      builder);
	if (!status)
		copies_drop_loops(builder, first_thread);
	if (!status)
		status = note_loops(builder, first_thread);
	struct task_search search = {
		.decoder = decoder,
		.interps = &snap->interps,
		.threads = &snap->threads,
		.found = decode_task_found,
		.note = builder_note,
		.arg = builder,
		.first_thread = first_thread,
	};
	/* Built-in offsets are not worth a try where asyncio was never loaded. */
	if (!status && (snap->asyncio_loaded || runtime->asyncio))
		status = find_tasks_in_lists(&search, index);
	size_t in_sets = snap->tasks.count;
	if (!status)
		status = find_tasks_in_sets(&search, &modules);
	if (!status)
		status = read_current_tasks(builder, &modules);
	if (snap->tasks.count > LIMIT_CACHED_TASKS)
		forget(decoder);
	if (!status)
		status = decode_nodes(builder, from);
	if (!status)
		status = settle_ended(builder, &search, index, &modules);
	size_t known = builder->graph->nodes.count;
	if (!status && builder->request->wants & AIODBG_WANT_FINISHED)
		status = finished_find(builder, first_thread, first_task);
	if (!status)
		status = decode_nodes(builder, known);
	return status ? status : sort_tasks(builder, in_sets);
}

/* Tasks in sets may be finished, kept by whoever has a reference: all_tasks() has no such. They stay
 * if they were asked for. */
static int drop_finished(struct aiodbg_snapshot *snap, struct reader *reader)
{
	struct tasks *tasks = &snap->tasks;
	size_t kept = 0;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		status = work_step(&reader->work);
		if (task->ended)
			continue;
		bool done = task->state == AIODBG_TASK_FINISHED ||
			    task->state == AIODBG_TASK_CANCELLED;
		/* Variables are searched for tasks that have ended, and for no others. */
		bool wanted = done ? snap->has_finished : task->source != TASK_IN_VARIABLE;
		if (!wanted && !task->awaited_count && !task->awaiter_count && !task->problems)
			continue;
		snap->cut_count += task->is_cut;
		task->index = kept;
		tasks->items[kept++] = task;
	}
	tasks->count = kept;
	return status;
}

/* What was asked for by its address. */
static int decode_subject(struct builder *builder)
{
	struct node *node;
	size_t from = builder->graph->nodes.count;
	const char *subject = builder->request->subject;
	uint64_t addr;
	if (!subject || !find_parse_id(subject, &addr) || !addr)
		return 0;
	builder->snap->subject = addr;
	builder->interp = 0;
	struct future future;
	uint64_t missing_count = builder->decoder->missing_count;
	int status = future_read(builder->decoder, addr, EXPECT_NOTHING, &future);
	/* It may be something that is waited for: chain_decode() looks for it. */
	bool is_object = builder->request->wants & AIODBG_WANT_WAITS &&
			 !(builder->request->wants & AIODBG_WANT_DETAIL);
	if (status && is_object && !error_is_fatal(status)) {
		builder->decoder->missing_count = missing_count;
		return 0;
	}
	if (!status)
		status = decode_add_future(builder, future.addr, future.is_task, &node);
	/* It may be among those that were cut. */
	if (!status && node->index < from && node->index >= builder->decoded_count)
		status = decode_node(builder, node);
	return status ? status : decode_nodes(builder, from);
}

/* All objects of the target. */
static int decode_objects(struct builder *builder, struct runtime *runtime)
{
	struct aiodbg_snapshot *snap = builder->snap;
	int status = interps_read(builder->decoder, runtime->addr, &snap->interps, builder_note,
				  builder);
	for (size_t i = 0; !status && i < snap->interps.count; i++)
		status = decode_interp(builder, i, runtime);
	return status;
}

/* Where it was too much, what was found until then is kept: the last error says what is cut. What
 * follows may be as much again, and use so much of the arena. */
static int cut(struct builder *builder, int status, uint64_t arena_limit)
{
	struct decoder *decoder = builder->decoder;
	work_restart(&decoder->reader.work);
	arena_set_limit(decoder->arena, arena_limit);
	if (status == AIODBG_TOO_MUCH || status == AIODBG_LIMIT)
		return builder_note(builder, &decoder->reader.error);
	return status == AIODBG_NO_MEMORY ? decoder_no_memory(decoder) : status;
}

static int build_objects(struct builder *builder, struct runtime *runtime)
{
	const struct aiodbg_snapshot *snap = builder->snap;
	struct decoder *decoder = builder->decoder;
	int status = decode_objects(builder, runtime);
	if (status == AIODBG_TOO_MUCH)
		error_prefix(&decoder->reader.error,
			     "cut: %zu of %zu tasks and futures that were found, in %zu of %zu "
			     "interpreters",
			     builder->graph->nodes.count - builder->decoded_count,
			     builder->graph->nodes.count, builder->interp + 1, snap->interps.count);
	status = cut(builder, status, LIMIT_ARENA_RUNNING);
	if (!status)
		status = decode_subject(builder);
	if (!status && builder->changing)
		status = settle_links(builder);
	if (!status)
		status = running_decode(builder);
	if (!status)
		status = copies_find(builder);
	if (status == AIODBG_TOO_MUCH)
		error_prefix(&decoder->reader.error, "cut: stacks of running tasks");
	status = cut(builder, status, LIMIT_ARENA_EDGES);
	if (status || !decoder->missing_count)
		return status;
	error_prefix(&decoder->missing, "left out %" PRIu64 " time%s, first",
		     decoder->missing_count, decoder->missing_count == 1 ? "" : "s");
	return builder_note(builder, &decoder->missing);
}

static int build_edges(struct builder *builder)
{
	struct reader *reader = &builder->decoder->reader;
	struct tasks *tasks = &builder->snap->tasks;
	int status = graph_resolve(builder->graph, reader);
	if (status == AIODBG_LIMIT || status == AIODBG_TOO_MUCH)
		error_set(
			&reader->error, status,
			"cut: more than %d edges between tasks, or more than %d futures in a row, "
			"or more work or memory than that",
			LIMIT_EDGES, LIMIT_FUTURES_BETWEEN);
	status = cut(builder, status, LIMIT_ARENA_CYCLES);
	if (status)
		return status;
	status = graph_collect_awaited(builder->graph->arena, tasks, reader);
	if (status == AIODBG_TOO_MUCH)
		error_set(&reader->error, status,
			  "cut: what each task awaits: more work or memory");
	status = cut(builder, status, LIMIT_ARENA_CYCLES);
	if (!status)
		status = drop_finished(builder->snap, reader);
	if (!status)
		status = groups_place(builder);
	if (status == AIODBG_TOO_MUCH)
		error_set(&reader->error, status,
			  "cut: owners of task groups: more work or memory");
	if (status)
		status = cut(builder, status, LIMIT_ARENA_CYCLES);
	if (status)
		return status;
	status = graph_find_cycles(builder->graph->arena, tasks, reader, &builder->snap->cycles);
	if (status == AIODBG_LIMIT || status == AIODBG_TOO_MUCH)
		error_set(&reader->error, status, "more than %d cycles, the others are not listed",
			  LIMIT_CYCLES);
	return cut(builder, status, LIMIT_ARENA_SIZE);
}

/* What did not get into the list of problems is at least counted there. */
static int note_unlisted(struct builder *builder)
{
	size_t count = builder->snap->problem_count;
	if (count <= LIMIT_PROBLEMS)
		return 0;
	error_set(&builder->decoder->reader.error, AIODBG_LIMIT,
		  "%zu problems more than the %d that are listed", count - LIMIT_PROBLEMS,
		  LIMIT_PROBLEMS);
	builder->snap->problem_count = 0;
	int status = builder_note(builder, &builder->decoder->reader.error);
	builder->snap->problem_count = count;
	return status;
}

/* Where nothing is found, it may be elsewhere. */
static int look_elsewhere(struct builder *builder)
{
	static const char *const frameworks[MODEL_FRAMEWORKS] = {"trio", "curio", "gevent",
								 "twisted"};
	struct aiodbg_snapshot *snap = builder->snap;
	const struct aiodbg_target *target = builder->decoder->reader.cache.target;
	int status = 0;
	for (size_t i = 0; !error_is_fatal(status) && i < MODEL_FRAMEWORKS && snap->interps.count;
	     i++) {
		uint64_t module = 0;
		status = modules_find(builder->decoder, &snap->interps.items[0], frameworks[i],
				      &module);
		if (!status && module)
			snap->frameworks[snap->framework_count++] = frameworks[i];
	}
	if (target->local_pid)
		snap->child_count = family_python_children(target->local_pid, snap->children,
							   MODEL_CHILDREN);
	return error_is_fatal(status) ? status : 0;
}

static int build(struct builder *builder, struct runtime *runtime)
{
	arena_set_limit(builder->decoder->arena, LIMIT_ARENA_TASKS);
	int status = build_objects(builder, runtime);
	if (!status && !builder->snap->tasks.count)
		status = look_elsewhere(builder);
	if (!status)
		status = build_edges(builder);
	if (!status)
		status = names_settle(builder->snap, &builder->decoder->reader);
	return status ? status : note_unlisted(builder);
}

/* What was asked for by its name. */
static int find_subject(struct builder *builder)
{
	struct aiodbg_snapshot *snap = builder->snap;
	struct aiodbg_error *error = &builder->decoder->reader.error;
	struct task *task;
	if (!builder->request->subject || snap->subject)
		return 0;
	int status = find_task(snap, builder->request->subject, &builder->decoder->reader.work,
			       error, &task);
	if (!status)
		snap->subject = task->id;
	return status;
}

int build_snapshot(struct aiodbg_snapshot *snap, struct decoder *decoder, struct runtime *runtime,
		   const struct aiodbg_request *request)
{
	struct builder builder = {
		.snap = snap,
		.decoder = decoder,
		.request = request,
		.problems_end = &snap->problems,
		.changing = decoder->reader.cache.changing,
	};
	if (request->wants & AIODBG_WANT_WAITS)
		remember(decoder);
	snap->version = runtime->version;
	snap->runtime = runtime->addr;
	snap->free_threaded = runtime->free_threaded;
	snap->borrowed_layout = runtime->is_newer ? layout_name(runtime->table) : NULL;
	snap->debug = -1;
	snap->has_finished = request->wants & AIODBG_WANT_FINISHED;
	snap->records_awaiters = decoder->layout->future.awaited_by != LAYOUT_NONE;
	snap->graph = arena_alloc(&snap->arena, sizeof(*snap->graph));
	builder.graph = snap->graph;
	int status = snap->graph ? 0 : decoder_no_memory(decoder);
	if (!status) {
		graph_init(snap->graph, &snap->arena);
		status = build(&builder, runtime);
	}
	if (!status)
		status = find_subject(&builder);
	addrmap_deinit(&builder.loops);
	array_deinit(&builder.executing);
	array_deinit(&builder.collector.awaiters);
	array_deinit(&builder.stack);
	stacks_deinit(&builder.stacks);
	return status;
}
