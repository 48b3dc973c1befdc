/* SPDX-License-Identifier: MIT */
/*
 * frames_dump: what the frames of a process hold, for tests/live/test_locals.py to compare with
 * what the program says.
 *
 *	frames_dump PID
 *
 * Lines of tab-separated words; frames stand behind their task or thread, outermost first in tasks,
 * innermost first in threads:
 *
 *	task	ADDRESS	NAME
 *	thread	TID	IDENT	NAME
 *	frame	FUNCTION	LINE	DEPTH
 *	local	NAME	ADDRESS	TYPE	KIND	VALUE
 *	with	ADDRESS	LINE	async|sync	TYPE	SLOT	EXIT
 *	value	INDEX	ADDRESS	TYPE
 *	callable	NAME	FUNCTION	SELF
 *	lock	locked|free	OWNER	COUNT
 *	queue	COUNT
 *	gil	known|unknown	THREAD
 *	error	MESSAGE
 */
#include "asyncio/future.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/coro.h"
#include "cpython/float.h"
#include "cpython/locals.h"
#include "cpython/lock.h"
#include "cpython/modules.h"
#include "cpython/repr.h"
#include "cpython/stack.h"
#include "cpython/str.h"
#include "cpython/threading.h"
#include "cpython/with.h"
#include "session/session.h"
#include "snapshot/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *type_name(struct decoder *decoder, uint64_t addr)
{
	const struct type *type;
	if (!addr)
		return "-";
	if (object_type(decoder, addr, &type))
		return "?";
	return type->name ? type->name : "unnamed";
}

static int count_item(struct decoder *decoder, uint64_t item, void *arg)
{
	(void)decoder;
	(void)item;
	++*(unsigned int *)arg;
	return 0;
}

/* What repr() says nothing of. */
static void dump_state(struct decoder *decoder, uint64_t addr)
{
	enum kind kind = KIND_OTHER;
	struct lock lock;
	unsigned int count = 0;
	if (!addr || object_kind(decoder, addr, &kind))
		return;
	if ((kind == KIND_LOCK || kind == KIND_RLOCK) && !lock_read(decoder, addr, &lock))
		printf("lock\t%s\t%" PRIu64 "\t%" PRIu64 "\n", lock.locked ? "locked" : "free",
		       lock.owner, lock.count);
	if (kind == KIND_SIMPLE_QUEUE && !simple_queue_visit(decoder, addr, count_item, &count))
		printf("queue\t%u\n", count);
}

static int dump_local(struct decoder *decoder, const struct local *local, void *arg)
{
	static const char *const kinds[] = {"plain", "cell", "free"};
	const char *name = "?", *value;
	struct callable callable = {0};
	(void)arg;
	if (!local->value)
		return 0;
	int status = str_read(decoder, local->name, &name);
	if (!status)
		status = repr_read(decoder, NULL, local->value, &value);
	if (status)
		return status;
	printf("local\t%s\t%#" PRIx64 "\t%s\t%s\t%s\n", name, local->value,
	       type_name(decoder, local->value), kinds[local->kind], value);
	if (!callable_read(decoder, local->value, &callable) && callable.kind != KIND_OTHER)
		printf("callable\t%s\t%s\t%#" PRIx64 "\n", name,
		       callable.name ? callable.name : "?", callable.self);
	dump_state(decoder, local->value);
	return 0;
}

static int dump_with(struct decoder *decoder, const struct with *with, void *arg)
{
	struct callable callable;
	(void)arg;
	if (callable_read(decoder, with->exit, &callable))
		return 0;
	printf("with\t%#" PRIx64 "\t%d\t%s\t%s\t%" PRIu64 "\t%s\n", with->self, with->position.line,
	       with->is_async ? "async" : "sync", type_name(decoder, with->self), with->slot,
	       callable.name ? callable.name : "?");
	return 0;
}

static int dump_value(struct decoder *decoder, const struct stack_value *value, void *arg)
{
	(void)arg;
	printf("value\t%" PRIu64 "\t%#" PRIx64 "\t%s\n", value->index, value->value,
	       type_name(decoder, value->value));
	return 0;
}

static void dump_frame(struct decoder *decoder, const struct frame *frame)
{
	bool exact;
	if (!frame->location)
		return;
	printf("frame\t%s\t%d\t%" PRId64 "\n", frame->location->function,
	       frame->location->position.line, frame->depth);
	int status = locals_visit(decoder, frame, dump_local, NULL);
	if (!status)
		status = withs_visit(decoder, frame, dump_with, NULL);
	if (!status)
		status = stack_visit(decoder, frame, &exact, dump_value, NULL);
	if (status)
		printf("error\t%s\n", decoder->reader.error.message);
}

static void dump_thread(struct decoder *decoder, const struct thread *thread, const char *name)
{
	struct thread_frames frames = {0};
	printf("thread\t%" PRIu64 "\t%" PRIu64 "\t%s\n", thread->tid, thread->ident, name);
	if (thread_frames_read(decoder, thread, &frames))
		printf("error\t%s\n", decoder->reader.error.message);
	for (size_t i = 0; i < frames.count; i++) {
		struct frame frame;
		if (frame_read_any(decoder, frames.items[i].addr, &frame))
			printf("error\t%s\n", decoder->reader.error.message);
		else
			dump_frame(decoder, &frame);
	}
	array_deinit(&frames);
}

static void dump_threads(struct decoder *decoder, const struct aiodbg_snapshot *snap)
{
	struct threading_threads names = {0};
	for (size_t i = 0; i < snap->interps.count; i++) {
		if (threading_read(decoder, &snap->interps.items[i], &names))
			printf("error\t%s\n", decoder->reader.error.message);
	}
	for (size_t i = 0; i < snap->threads.count; i++) {
		const struct thread *thread = &snap->threads.items[i];
		const char *name = NULL;
		for (size_t k = 0; k < names.count; k++) {
			if (names.items[k].ident == thread->ident)
				threading_name(decoder, names.items[k].object, &name);
		}
		dump_thread(decoder, thread, name ? name : "?");
	}
	array_deinit(&names);
}

static void dump_task(struct decoder *decoder, const struct task *task)
{
	struct coro_frames frames = {0};
	struct future future;
	struct coro coro;
	int status = future_read(decoder, task->id, EXPECT_TASK, &future);
	printf("task\t%#" PRIx64 "\t%s\n", task->id, task->name ? task->name : "?");
	if (!status)
		status = coro_walk_frames(decoder, future.coro, &frames, &coro);
	if (status)
		printf("error\t%s\n", decoder->reader.error.message);
	for (size_t i = 0; i < frames.count; i++)
		dump_frame(decoder, &frames.items[i].frame);
	array_deinit(&frames);
}

static int note_nothing(void *arg, const struct aiodbg_error *error)
{
	(void)arg;
	printf("error\t%s\n", error->message);
	return 0;
}

static void dump(struct decoder *decoder, const struct aiodbg *dbg,
		 const struct aiodbg_snapshot *snap)
{
	struct modules modules;
	uint64_t holder;
	bool known;
	for (size_t i = 0; i < snap->interps.count; i++) {
		if (modules_read(decoder, &snap->interps.items[i], &modules, note_nothing, NULL) ||
		    gil_holder(decoder, dbg->runtime.addr, &snap->interps.items[i], &holder,
			       &known))
			printf("error\t%s\n", decoder->reader.error.message);
		else
			printf("gil\t%s\t%#" PRIx64 "\n", known ? "known" : "unknown", holder);
	}
	dump_threads(decoder, snap);
	for (size_t i = 0; i < snap->tasks.count; i++)
		dump_task(decoder, snap->tasks.items[i]);
}

int main(int argc, char **argv)
{
	struct aiodbg_error err;
	struct aiodbg *dbg = NULL;
	struct aiodbg_snapshot *snap = NULL;
	struct aiodbg_options options = {.size = sizeof(options), .retries = 3};
	struct arena arena;
	struct decoder decoder;
	unsigned long pid = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (!pid || !arena_init(&arena))
		return 2;
	int status = session_open_process((uint32_t)pid, &options, &err, &dbg);
	if (!status)
		status = aiodbg_snapshot_create(dbg, NULL, &err, &snap);
	if (status) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	status = decoder_init(&decoder, &dbg->target, &options, &dbg->runtime.layout, &arena);
	if (!status)
		dump(&decoder, dbg, snap);
	decoder_deinit(&decoder);
	arena_deinit(&arena);
	aiodbg_snapshot_destroy(snap);
	aiodbg_close(dbg);
	return status ? 1 : 0;
}
