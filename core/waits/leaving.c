/* SPDX-License-Identifier: MIT */
/*
 * Whether a process is about to end, and what its end waits for: Lib/threading.py,
 * Lib/concurrent/futures/thread.py, Lib/asyncio/runners.py.
 */
#include "process/syscall.h"
#include "waits/waiting.h"

#include <string.h>

static const struct {
	const char *function, *file;
	enum leaving leaving;
	/* Only the first thread of a process ends it. */
	bool is_main;
} marks[] = {
	/* Further in than that of threads. */
	{"_python_exit", "concurrent/futures/thread.py", LEAVING_POOL, true},
	{"_python_exit", "concurrent/futures/process.py", LEAVING_POOL, true},
	{"_shutdown", "threading.py", LEAVING_THREADS, true},
	{"_cancel_all_tasks", "asyncio/runners.py", LEAVING_TASKS, true},
	{"_do_shutdown", "asyncio/base_events.py", LEAVING_EXECUTOR, false},
};
#define MARK_COUNT (sizeof(marks) / sizeof(marks[0]))

static bool has_frame(const struct thread_facts *facts, const char *function, const char *file)
{
	for (size_t i = 0; i < facts->depth; i++) {
		const struct code *code = facts->stack[i]->code;
		if (code->name && !strcmp(code->name, function) &&
		    sync_is_file(code->filename, file))
			return true;
	}
	return false;
}

/* The thread states of an interpreter are in the order of their making. */
static bool find_mark(const struct waiting *waiting, size_t mark, size_t *ret)
{
	const struct waits *waits = waiting->waits;
	size_t count = waiting->snap->threads.count;
	if (marks[mark].is_main && count > 1)
		count = 1;
	for (size_t i = 0; i < count; i++) {
		*ret = i;
		if (has_frame(&waits->threads[i], marks[mark].function, marks[mark].file))
			return true;
	}
	return false;
}

/* Reading takes time: of a process with more threads it is not known what they do. */
#define THREADS_TIMED 256

static void read_times(struct waiting *waiting)
{
	const struct aiodbg_target *target = waiting->decoder->reader.cache.target;
	const struct threads *threads = &waiting->snap->threads;
	struct thread_time time;
	if (!target->local_pid || threads->count > THREADS_TIMED)
		return;
	for (size_t i = 0; i < threads->count; i++) {
		struct thread_facts *facts = &waiting->waits->threads[i];
		facts->has_wait_count = syscall_count_waits(
			target->local_pid, threads->items[i].tid, &facts->wait_count);
		facts->has_ran = syscall_thread_time(target->local_pid, threads->items[i].tid,
						     &time);
		facts->ran = facts->has_ran ? time.ran : 0;
	}
}

void leaving_read(struct waiting *waiting)
{
	size_t thread;
	read_times(waiting);
	for (size_t i = 0; i < MARK_COUNT; i++) {
		if (!find_mark(waiting, i, &thread))
			continue;
		waiting->waits->leaving = marks[i].leaving;
		waiting->waits->leaving_thread = (ptrdiff_t)thread;
		return;
	}
}
