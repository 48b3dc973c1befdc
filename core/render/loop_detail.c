/* SPDX-License-Identifier: MIT */
/* Everything known of one event loop. */
#include "base/ceilings.h"
#include "base/signals.h"
#include "render/loops.h"
#include "render/party.h"
#include "render/place.h"
#include "render/reason.h"
#include "render/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where values stand. */
#define LABEL_WIDTH 14
/* Lines of a section, unless somebody asks for more. */
#define SECTION_LINES_OF_LOOP 20
/* Who waits for a file: so many are named. */
#define WAITERS_NAMED 3

static const struct {
	const char *name, *words;
} meanings[] = {
	[HANDLE_CALLBACK] = {NULL, NULL},
	[HANDLE_STEP] = {"step", "next step of "},
	[HANDLE_FIRST_STEP] = {"start", "first step of "},
	[HANDLE_WAKES] = {"wakeup", "wakes "},
	[HANDLE_ENDS_SLEEP] = {"sleep", "ends the sleep of "},
	[HANDLE_TIMES_OUT] = {"timeout", "timeout of "},
	[HANDLE_ENDS_WAIT] = {"timeout", "timeout of "},
	[HANDLE_SELF_PIPE] = {"self-pipe", NULL},
	[HANDLE_ACCEPTS] = {"accept", NULL},
	[HANDLE_CONNECTS] = {"connect", NULL},
	[HANDLE_SOCKET] = {"socket", NULL},
};

const char *loop_entry_name(enum handle_kind kind)
{
	return meanings[kind].name;
}

/* Its name, file and line. */
static void write_function(struct output *out, const struct loop_entry *entry)
{
	const char *file = entry->code ? entry->code->filename : NULL;
	const char *slash = file ? strrchr(file, '/') : NULL;
	if (!entry->function) {
		output_text(out, "a callback that cannot be named");
		return;
	}
	if (entry->self_type) {
		output_safe(out, entry->self_type, LIMIT_C_STRING);
		output_text(out, ".");
	}
	output_safe(out, entry->function, LIMIT_NAME_SHOWN);
	if (!file)
		return;
	output_text(out, " ");
	output_safe(out, slash ? slash + 1 : file, LIMIT_FILE_SHOWN);
	if (entry->code->firstlineno >= 0)
		output_format(out, ":%" PRId32, entry->code->firstlineno);
}

void loop_write_entry(struct output *out, const struct loop_entry *entry)
{
	const char *words = meanings[entry->kind].words;
	if (entry->is_cancelled) {
		output_text(out, "cancelled");
		return;
	}
	if (!words || !entry->task) {
		write_function(out, entry);
		return;
	}
	output_text(out, words);
	loop_write_task(out, entry->task);
}

static void write_label(struct output *out, const char *label)
{
	output_format(out, "%-*s", LABEL_WIDTH, label);
}

/* ---- sections ---- */

/* "Ready, in order (10,000):". */
static void write_heading(struct output *out, const char *heading, size_t count)
{
	output_text(out, "\n");
	output_text_as(out, AIODBG_ROLE_HEADING, heading);
	output_text(out, " (");
	reason_write_count(out, count);
}

static void write_rest(struct output *out, size_t shown, size_t known, size_t count)
{
	if (shown == count)
		return;
	output_text(out, "  ... ");
	reason_write_count(out, count - shown);
	output_text(out, " more");
	if (shown < known)
		output_text(out, ": --top 0");
	else
		output_format(out, ", of which no more than %zu are read", known);
	output_text(out, "\n");
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void write_ready(struct output *out, const struct loop_detail *detail, size_t top)
{
	size_t count = least(detail->ready.count, top);
	if (!detail->ready_count)
		return;
	write_heading(out, "Ready, in order", detail->ready_count);
	output_text(out, "):\n");
	for (size_t i = 0; i < count && !out->status; i++) {
		output_format(out, "  %zu  ", i + 1);
		loop_write_entry(out, &detail->ready.items[i]);
		output_text(out, "\n");
	}
	write_rest(out, count, detail->ready.count, detail->ready_count);
}

static void write_timers(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct loop_detail *detail, size_t top)
{
	size_t count = least(detail->timers.count, top);
	if (!detail->timer_count && !detail->cancelled_count)
		return;
	write_heading(out, "Timers, by due time", detail->timer_count);
	if (detail->cancelled_count) {
		output_text(out, ", and ");
		reason_write_count(out, detail->cancelled_count);
		output_text(out, " cancelled");
	}
	output_text(out, "):\n");
	for (size_t i = 0; i < count && !out->status; i++) {
		output_text(out, "  ");
		if (detail->timers.items[i].has_when)
			loop_write_due(out, snap->waits, detail->timers.items[i].when);
		else
			output_text(out, "?");
		output_text(out, "  ");
		loop_write_entry(out, &detail->timers.items[i]);
		output_text(out, "\n");
	}
	write_rest(out, count, detail->timers.count, detail->timer_count);
}

static void write_use(struct output *out, const struct loop_file *file)
{
	const struct loop_entry *entry = file->reads ? &file->reader : &file->writer;
	switch (entry->kind) {
	case HANDLE_ACCEPTS:
		output_text(out, "listens");
		return;
	case HANDLE_CONNECTS:
		output_text(out, "connects");
		return;
	default:
		output_text(out, file->reads && file->writes ? "reads and writes"
				 : file->reads		     ? "reads"
							     : "writes");
		return;
	}
}

static void write_transport(struct output *out, const struct loop_file *file, bool is_brief)
{
	if (!is_brief || !file->protocol) {
		output_safe(out, file->transport, LIMIT_C_STRING);
		output_text(out, file->protocol ? ", " : "");
	}
	output_safe(out, file->protocol ? file->protocol : "", LIMIT_C_STRING);
}

/* is_brief: without the class of a transport whose protocol says more. */
static void write_file(struct output *out, const struct loop_file *file, bool is_brief)
{
	const struct loop_entry *entry = file->reader.handle ? &file->reader : &file->writer;
	output_format(out, "  fd %" PRId64, file->fd);
	if (file->reads || file->writes) {
		output_text(out, "  ");
		write_use(out, file);
	}
	/* A Unix socket's may have no name. */
	if (file->peer && file->peer[0]) {
		output_text(out, "  ");
		output_safe(out, file->peer, LIMIT_NAME_SHOWN);
	}
	output_text(out, "  ");
	if (file->transport)
		write_transport(out, file, is_brief);
	else if (entry->handle)
		write_function(out, entry);
	for (size_t i = 0; i < file->waiters.count && i < WAITERS_NAMED; i++) {
		output_text(out, i ? ", " : "  <- ");
		loop_write_task(out, file->waiters.items[i]);
	}
	if (file->waiters.count > WAITERS_NAMED)
		output_format(out, " and %zu more", file->waiters.count - WAITERS_NAMED);
}

static int write_files(struct output *out, const struct loop_detail *detail, size_t top)
{
	size_t count = least(detail->files.count, top), width = out->sink->width;
	struct draft *draft = detail->files.count ? malloc(sizeof(*draft)) : NULL;
	if (!detail->files.count)
		return 0;
	if (!draft)
		return AIODBG_NO_MEMORY;
	write_heading(out, "Files", detail->files.count);
	output_text(out, "):\n");
	for (size_t i = 0; i < count && !out->status; i++) {
		const struct loop_file *file = &detail->files.items[i];
		draft_begin(draft, out);
		write_file(&draft->words, file, false);
		write_file(out, file, width && draft_width(draft) > width);
		output_text(out, "\n");
	}
	free(draft);
	write_rest(out, count, detail->files.count, detail->files.count);
	return 0;
}

static void write_signals(struct output *out, const struct loop_detail *detail)
{
	if (detail->signals.count)
		output_text(out, "\nSignal handlers:\n");
	for (size_t i = 0; i < detail->signals.count && !out->status; i++) {
		const struct loop_signal *found = &detail->signals.items[i];
		const char *name = signal_name(found->number);
		if (name)
			output_format(out, "  %s  ", name);
		else
			output_format(out, "  %" PRId64 "  ", found->number);
		loop_write_entry(out, &found->entry);
		output_text(out, "\n");
	}
}

static void write_worker(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct loop_worker *worker)
{
	output_text(out, "  ");
	if (worker->thread >= 0)
		output_format(out, "%" PRIu64 " ", snap->threads.items[worker->thread].tid);
	output_safe(out, worker->name, LIMIT_NAME_SHOWN);
	output_text(out, "  ");
	if (worker->thread < 0) {
		output_text(out, "has ended, or runs no Python\n");
		return;
	}
	if (worker->is_idle) {
		output_text(out, "idle\n");
		return;
	}
	output_text(out, "runs ");
	output_safe(out, worker->work, LIMIT_NAME_SHOWN);
	if (worker->place) {
		output_text(out, ", at ");
		reason_write_location(out, worker->place);
	}
	output_text(out, "\n");
}

static void write_executor(struct output *out, const struct aiodbg_snapshot *snap,
			   const struct loop_executor *executor, size_t top)
{
	size_t workers = least(executor->workers.count, top), busy = 0;
	size_t queued = least(executor->queued.count, top);
	for (size_t i = 0; i < executor->workers.count; i++)
		busy += !executor->workers.items[i].is_idle;
	if (!executor->addr)
		return;
	output_text(out, "\nDefault executor: ");
	output_safe(out, executor->type, LIMIT_C_STRING);
	output_format(out, " at 0x%" PRIx64 "\n  %zu thread%s", executor->addr,
		      executor->workers.count, executor->workers.count == 1 ? "" : "s");
	if (executor->max_workers >= 0)
		output_format(out, " of at most %" PRId64, executor->max_workers);
	output_format(out, ", %zu busy, ", busy);
	reason_write_count(out, executor->queued_count);
	output_text(out, " queued\n");
	for (size_t i = 0; i < workers && !out->status; i++)
		write_worker(out, snap, &executor->workers.items[i]);
	write_rest(out, workers, executor->workers.count, executor->workers.count);
	for (size_t i = 0; i < queued && !out->status; i++) {
		output_format(out, "  queued %zu  ", i + 1);
		output_safe(out, executor->queued.items[i], LIMIT_NAME_SHOWN);
		output_text(out, "\n");
	}
	write_rest(out, queued, executor->queued.count, executor->queued_count);
}

/* ---- the loop ---- */

static void write_running(struct output *out, const struct aiodbg_snapshot *snap,
			  const struct loop *loop)
{
	bool is_known = loop->state == LOOP_BUSY && loop->callback_count;
	bool has_started = loop->has_callback_since && snap->waits->has_now;
	if (is_known) {
		write_label(out, "callback");
		output_format(out, "%zu of %zu of this round", loop->callback,
			      loop->callback_count);
		if (has_started && !snap->waits->now_is_least) {
			output_text(out, ", begun ");
			reason_write_seconds(out, snap->waits->now - loop->callback_since);
			output_text(out, " ago");
		}
		output_text(out, "\n");
	}
	if (loop->state != LOOP_BUSY)
		return;
	if (loop->calls) {
		write_label(out, "calls");
		output_safe(out, loop->calls, LIMIT_C_STRING);
		output_text(out,
			    loop->calls_certainty == CERTAINTY_CERTAIN ? "\n" : ", probably\n");
	}
}

static void write_thread(struct output *out, const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	const char *name = snap->waits->threads[thread].name;
	output_format(out, "%" PRIu64, snap->threads.items[thread].tid);
	if (!name)
		return;
	output_text(out, " ");
	output_safe(out, name, LIMIT_NAME_SHOWN);
}

/* A loop that is made in C shows what it has by types alone. */
static void write_unknown(struct output *out, const struct loop_row *row)
{
	output_text(out, row->ready_count < 0 && row->timer_count < 0
				 ? "What is ready, its timers and files: ?\n"
			 : row->ready_count < 0 ? "What is ready: ?\n"
			 : row->timer_count < 0 ? "Its timers: ?\n"
						: "");
}

static void write_head(struct output *out, const struct aiodbg_snapshot *snap, size_t index)
{
	const struct loop *loop = &snap->waits->loops.items[index];
	write_label(out, "loop");
	output_id(out, loop->addr);
	output_text(out, "\n");
	write_label(out, "class");
	output_safe(out, loop->type, LIMIT_C_STRING);
	output_text(out, "\n");
	write_label(out, "thread");
	if (loop->thread >= 0)
		write_thread(out, snap, loop->thread);
	else
		output_text(out, "none");
	output_text(out, "\n");
	write_label(out, "state");
	loop_write_state(out, snap, loop);
	output_text(out, "\n");
	write_running(out, snap, loop);
	write_label(out, "tasks");
	reason_write_count(out, snap->loop_list->rows[index].task_count);
	output_text(out, "\n");
	if (snap->loop_list->detail->is_native)
		write_unknown(out, &snap->loop_list->rows[index]);
}

int loop_write_detail(struct output *out, const struct aiodbg_snapshot *snap, size_t top)
{
	const struct loop_detail *detail = snap->loop_list->detail;
	const struct loop *loop = detail->loop;
	top = top ? top : SECTION_LINES_OF_LOOP;
	write_head(out, snap, (size_t)(loop - snap->waits->loops.items));
	if (loop->state == LOOP_BUSY && loop->depth) {
		output_text(out, "\nRuns, innermost first:\n");
		for (size_t i = 0; i < loop->depth && !out->status; i++)
			place_write(out, loop->stack[i]->code->filename,
				    loop->stack[i]->position.line, loop->stack[i]->function, NULL);
	}
	write_ready(out, detail, top);
	write_timers(out, snap, detail, top);
	int status = write_files(out, detail, top);
	write_signals(out, detail);
	write_executor(out, snap, &detail->executor, top);
	if (detail->problems)
		output_text(out, "\nIncomplete:\n");
	for (const struct aiodbg_problem *p = detail->problems; p; p = p->next) {
		output_text(out, "  ");
		output_safe(out, p->message, AIODBG_MESSAGE_MAX);
		output_text(out, "\n");
	}
	return status;
}
