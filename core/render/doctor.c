/* SPDX-License-Identifier: MIT */
/* What an examination has found (session/doctor.h), for people: the answer first, one fact a line. */
#include "session/doctor.h"

#include "render/render.h"
#include "waits/waits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where facts begin, and where they are continued in the next line. */
#define FACTS 22
#define WIDTH 100

/* Lines of a section that may be long. */
#define SHOWN 20

static void section(struct output *out, const char *name)
{
	output_format(out, "\n%s\n", name);
}

/* A fact, which may hold text of the target, under its label. It is broken at spaces. */
static void fact_text(struct output *out, const char *label, const char *text)
{
	char word[sizeof(((struct conclusion *)0)->cause)];
	output_text(out, "  ");
	size_t column = 2 + output_safe(out, label, FACTS);
	output_fill(out, ' ', column < FACTS ? FACTS - column : 1);
	column = column < FACTS ? FACTS : column + 1;
	for (bool first = true; *text; first = false) {
		size_t len = strcspn(text, " ");
		len = len < sizeof(word) ? len : sizeof(word) - 1;
		memcpy(word, text, len);
		word[len] = '\0';
		text += len;
		text += strspn(text, " ");
		size_t width = output_safe_width(out, word, sizeof(word));
		if (!first && column + 1 + width > WIDTH) {
			output_text(out, "\n");
			output_fill(out, ' ', FACTS);
			column = FACTS;
		} else if (!first) {
			output_text(out, " ");
			column++;
		}
		column += output_safe(out, word, sizeof(word));
	}
	output_text(out, "\n");
}

__attribute__((format(printf, 3, 4))) static void fact(struct output *out, const char *label,
						       const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fact_text(out, label, text);
}

/* Text that is put together from pieces; what is too long is cut. */
struct pieces {
	char text[1024];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void piece(struct pieces *pieces, const char *format,
							...)
{
	va_list args;
	size_t room = sizeof(pieces->text) - pieces->used;
	va_start(args, format);
	int len = vsnprintf(pieces->text + pieces->used, room, format, args);
	va_end(args);
	if (len > 0)
		pieces->used += (size_t)len < room ? (size_t)len : room - 1;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* Room for what size_name() writes. */
#define SIZE_NAME 32

static const char *size_name(uint64_t bytes, char *buf)
{
	bool large = bytes >= 1 << 20;
	snprintf(buf, SIZE_NAME, "%.1f %s", (double)bytes / (large ? 1 << 20 : 1 << 10),
		 large ? "MiB" : "KiB");
	return buf;
}

/* "3.15.0b2": PY_RELEASE_LEVEL and PY_RELEASE_SERIAL in Include/patchlevel.h. */
static const char *version_name(uint32_t version, char *buf, size_t size)
{
	static const char *const levels[16] = {[0xa] = "a", [0xb] = "b", [0xc] = "rc"};
	const char *level = levels[version >> 4 & 0xf];
	size_t len = strlen(layout_version_text(version, buf, size));
	if (level)
		snprintf(buf + len, size - len, "%s%u", level, version & 0xf);
	return buf;
}

/* ---- the answer ---- */

static size_t pending_count(const struct aiodbg_snapshot *snap, struct output *out)
{
	size_t count = 0;
	for (size_t i = 0; i < snap->tasks.count && output_goes_on(out); i++)
		count += task_is_pending(snap->tasks.items[i]);
	return count;
}

static void render_result(const struct doctor *doctor, struct output *out)
{
	const struct aiodbg_snapshot *snap = doctor->snap;
	char version[32];
	if (!snap) {
		fact(out, "result", "nothing can be read: %s", doctor->error.message);
	} else {
		size_t pending = pending_count(snap, out);
		const char *whole = !snapshot_is_complete(snap) ? "read in part" : "all read";
		fact(out, "result", "CPython %s, %zu pending task%s, %s",
		     version_name(snap->version, version, sizeof(version)), pending,
		     plural(pending), whole);
	}
	for (size_t i = 0; i < doctor->conclusion_count; i++) {
		fact_text(out, "likely reason", doctor->conclusions[i].cause);
		if (doctor->conclusions[i].advice[0])
			fact_text(out, "what to do", doctor->conclusions[i].advice);
	}
}

/* ---- the target ---- */

static void render_memory(const struct doctor *doctor, struct output *out)
{
	const struct aiodbg_stats *stats = &doctor->dbg->stats;
	char size[SIZE_NAME], writable[SIZE_NAME];
	fact(out, "memory", "%zu readable region%s, %s; %zu writable, %s", doctor->memory.regions,
	     plural(doctor->memory.regions), size_name(doctor->memory.bytes, size),
	     doctor->memory.writable, size_name(doctor->memory.writable_bytes, writable));
	if (doctor->memory.cut)
		fact_text(out, "", "there are more, which are not looked at");
	if (doctor->memory.lost)
		fact(out, "", "%zu of them, %s, cannot be read to their end", doctor->memory.lost,
		     size_name(doctor->memory.lost_bytes, size));
	fact(out, "reads", "%" PRIu64 ", of which %" PRIu64 " failed; %s", stats->reads,
	     stats->faults, size_name(stats->bytes, size));
}

static void render_target(const struct doctor *doctor, struct output *out)
{
	section(out, "Target");
	if (!doctor->dbg) {
		fact(out, "process", "%" PRIu32 ", not opened", doctor->pid);
		return;
	}
	const struct aiodbg_target *target = &doctor->dbg->target;
	const char *kind = target->kind == AIODBG_TARGET_CORE ? "core" : "process";
	if (target->pid)
		fact(out, kind, "%" PRIu32, target->pid);
	else
		fact(out, kind, "of unknown id");
	fact(out, "machine", "%u-bit, %s-endian", target->word_size * 8,
	     target->byte_order == AIODBG_BIG_ENDIAN ? "big" : "little");
	if (doctor->dbg->process)
		fact(out, "read by", "aiodbg, without stopping it");
	else
		fact(out, "read by", "%s%s", target->debugger ? target->debugger : "its debugger",
		     target->local_pid ? "; memory directly where the system lets us" : "");
	render_memory(doctor, out);
}

/* ---- what was looked for ---- */

static const char *const search_kinds[SEARCH_COUNT] = {
	[SEARCH_RUNTIME_SECTION] = "section",  [SEARCH_RUNTIME_SYMBOL] = "symbol",
	[SEARCH_RUNTIME_COOKIE] = "in memory", [SEARCH_VERSION_SYMBOL] = "symbol",
	[SEARCH_ASYNCIO_SECTION] = "section",  [SEARCH_ASYNCIO_OFFSETS] = "in memory",
};

static bool is_possible(const struct aiodbg_target *target, enum search_id id)
{
	if (id == SEARCH_RUNTIME_SECTION || id == SEARCH_ASYNCIO_SECTION)
		return target->find_section;
	if (id == SEARCH_RUNTIME_SYMBOL || id == SEARCH_VERSION_SYMBOL)
		return target->find_symbol;
	return target->next_region;
}

static void render_search(const struct doctor *doctor, enum search_id id, struct output *out)
{
	const struct search *search = &doctor->dbg->runtime.searches[id];
	const char *label = search_kinds[id], *name = search_name(id);
	char size[SIZE_NAME], unreadable[SIZE_NAME];
	if (!search->tried) {
		fact(out, label, "%s: not looked for", name);
		return;
	}
	if (!is_possible(&doctor->dbg->target, id)) {
		fact(out, label, "%s: the debugger has no means to look for it", name);
		return;
	}
	if (!search->place_count)
		fact(out, label, "%s: none", name);
	for (size_t i = 0; i < search->place_count && i < SEARCH_PLACES; i++) {
		const struct aiodbg_error *error = &search->places[i].error;
		fact(out, i ? "" : label, "%s: 0x%" PRIx64 ", %s", name, search->places[i].addr,
		     error->code ? error->message : "good");
	}
	if (search->place_count > SEARCH_PLACES)
		fact(out, "", "%zu more places", search->place_count - SEARCH_PLACES);
	if (search->regions)
		fact(out, "", "%zu writable region%s: %s were searched, %s could not be read",
		     search->regions, plural(search->regions), size_name(search->bytes, size),
		     size_name(search->unreadable, unreadable));
}

static void render_searches(const struct doctor *doctor, struct output *out)
{
	section(out, "Looked for");
	for (size_t id = 0; id < SEARCH_COUNT; id++)
		render_search(doctor, (enum search_id)id, out);
}

/* ---- runtime and layout ---- */

static const char *found_by_name(enum found_by found_by)
{
	switch (found_by) {
	case FOUND_SECTION:
		return "by its section";
	case FOUND_SYMBOL:
		return "by its symbol";
	case FOUND_SCAN:
		return "by a search in memory";
	default:
		return "not found";
	}
}

static void render_runtime(const struct doctor *doctor, struct output *out)
{
	const struct runtime *runtime = &doctor->dbg->runtime;
	static const char *const debug[] = {"of unknown kind", "release", "debug"};
	char version[32];
	section(out, "Runtime");
	fact(out, "CPython", "%s", version_name(runtime->version, version, sizeof(version)));
	fact(out, "build", "%s%s", debug[doctor->snap->debug + 1],
	     runtime->free_threaded ? ", free-threaded" : "");
	fact(out, "_PyRuntime", "0x%" PRIx64 ", %s", runtime->addr,
	     found_by_name(runtime->found_by));
	if (doctor->runtime_file[0])
		fact_text(out, "in the file", doctor->runtime_file);
	if (runtime->asyncio)
		fact(out, "asyncio", "offsets at 0x%" PRIx64 ", %s", runtime->asyncio,
		     found_by_name(runtime->asyncio_found_by));
	else if (!doctor->snap->asyncio_loaded)
		fact(out, "asyncio", "was never imported");
	else if (layout_asyncio_size(runtime->table))
		fact(out, "asyncio", "offsets not found, built-in ones used%s%s",
		     runtime->asyncio_error.code ? ": " : "", runtime->asyncio_error.message);
	else
		fact(out, "asyncio", "is imported; this version publishes no offsets of it");
	if (doctor->asyncio_file[0])
		fact_text(out, "in the file", doctor->asyncio_file);
}

static void render_layout(const struct doctor *doctor, struct output *out)
{
	const struct runtime *runtime = &doctor->dbg->runtime;
	struct pieces published = {.used = 0}, both = {.used = 0}, built_in = {.used = 0};
	struct layout_group group;
	for (size_t i = 0;
	     layout_describe(runtime->table, &runtime->layout, runtime->asyncio, i, &group); i++) {
		bool whole = group.published == group.fields;
		struct pieces *to = whole ? &published : group.published ? &both : &built_in;
		if (!group.fields)
			continue;
		piece(to, "%s%s", to->used ? ", " : "", group.name);
		if (!whole && group.published)
			piece(to, " %zu/%zu", group.published, group.fields);
		if (group.moved)
			piece(to, " (%zu moved)", group.moved);
	}
	section(out, "Layout");
	fact(out, "table", "%s%s", layout_name(runtime->table),
	     runtime->is_newer ? ", the newest one: there is none for this version" : "");
	fact_text(out, "published", published.used ? published.text : "nothing");
	if (both.used)
		fact_text(out, "in part, rest table", both.text);
	fact_text(out, "from the table", built_in.text);
}

/* ---- what is in it ---- */

static void render_more(struct output *out, size_t count)
{
	if (count > SHOWN)
		fact(out, "", "%zu more", count - SHOWN);
}

static void render_interpreters(const struct aiodbg_snapshot *snap, struct output *out)
{
	section(out, "Interpreters");
	for (size_t i = 0; i < snap->interps.count && i < SHOWN; i++) {
		char label[32];
		snprintf(label, sizeof(label), "%" PRId64, snap->interps.items[i].id);
		fact(out, label, "at 0x%" PRIx64, snap->interps.items[i].addr);
	}
	render_more(out, snap->interps.count);
	if (!snap->interps.count)
		fact(out, "none", "not started yet, or finished");
}

static void render_thread(const struct aiodbg_snapshot *snap, size_t index, struct output *out)
{
	const struct thread *thread = &snap->threads.items[index];
	struct pieces pieces = {.used = 0};
	char label[32];
	size_t tasks = 0;
	for (size_t i = 0; i < snap->tasks.count && output_goes_on(out); i++)
		tasks += snap->tasks.items[i]->thread == (ptrdiff_t)index;
	snprintf(label, sizeof(label), "%" PRIu64, thread->tid);
	piece(&pieces, "interpreter %" PRId64 ", ", snapshot_interp_id(snap, thread->interp));
	if (thread->running_loop)
		piece(&pieces, "loop 0x%" PRIx64 ", ", thread->running_loop);
	else
		piece(&pieces, "no running loop, ");
	if (thread->running_task)
		piece(&pieces, "running task 0x%" PRIx64 ", ", thread->running_task);
	else if (thread->running_loop)
		piece(&pieces, "no running task, ");
	piece(&pieces, "%zu task%s", tasks, plural(tasks));
	fact_text(out, thread->tid ? label : "unknown id", pieces.text);
}

static void render_thread_list(const struct aiodbg_snapshot *snap, struct output *out)
{
	section(out, "Threads");
	for (size_t i = 0; i < snap->threads.count && i < SHOWN; i++)
		render_thread(snap, i, out);
	render_more(out, snap->threads.count);
	if (!snap->threads.count)
		fact_text(out, "none", "");
}

static const char *const source_names[TASK_SOURCE_COUNT] = {
	[TASK_IN_THREAD] = "lists of threads",
	[TASK_IN_INTERP] = "of ended threads",
	[TASK_IN_SCHEDULED] = "_scheduled_tasks",
	[TASK_IN_EAGER] = "_eager_tasks",
	[TASK_IN_ALL] = "_all_tasks",
	[TASK_IN_FOREIGN] = "non_asyncio_tasks",
	[TASK_IN_FOREIGN_EAGER] = "non_asyncio_eager",
	[TASK_IN_NONE] = "only as awaiters",
};

static void render_tasks(const struct aiodbg_snapshot *snap, struct output *out)
{
	size_t counts[AIODBG_TASK_CANCELLED + 1] = {0}, found = 0;
	section(out, "Tasks");
	for (size_t i = 0; i < snap->tasks.count && output_goes_on(out); i++)
		counts[snap->tasks.items[i]->state]++;
	for (size_t i = 0; i < TASK_SOURCE_COUNT; i++)
		found += snap->sources[i].added;
	fact(out, "found", "%zu: %zu pending, %zu running, %zu unreadable, %zu finished", found,
	     counts[AIODBG_TASK_PENDING], counts[AIODBG_TASK_RUNNING], counts[AIODBG_TASK_UNKNOWN],
	     found - counts[AIODBG_TASK_PENDING] - counts[AIODBG_TASK_RUNNING] -
		     counts[AIODBG_TASK_UNKNOWN]);
	/* Variables are not searched for this. */
	for (size_t i = 0; i < TASK_IN_VARIABLE; i++) {
		size_t known = snap->sources[i].found - snap->sources[i].added;
		if (known)
			fact(out, source_names[i], "%zu, and %zu that were known",
			     snap->sources[i].added, known);
		else
			fact(out, source_names[i], "%zu", snap->sources[i].added);
	}
	if (snap->cycles.count)
		fact(out, "cycles", "%zu", snap->cycles.count);
	if (snap->damaged_count)
		fact(out, "damaged", "%zu", snap->damaged_count);
	if (snap->cut_count)
		fact(out, "not followed", "%zu: their stacks end in objects of an extension",
		     snap->cut_count);
}

/* Types of futures that are named; the others are counted together. */
#define WAIT_TYPES 8

/* Waits of which no more is known than the class of the future at their end. */
struct vague_waits {
	struct {
		const char *type;
		size_t count;
	} types[WAIT_TYPES];
	size_t type_count, others, count;
};

static void count_wait(struct vague_waits *waits, const char *type)
{
	size_t i = 0;
	waits->count++;
	while (i < waits->type_count && strcmp(waits->types[i].type, type) != 0)
		i++;
	if (i == WAIT_TYPES) {
		waits->others++;
		return;
	}
	if (i == waits->type_count)
		waits->types[waits->type_count++].type = type;
	waits->types[i].count++;
}

static void render_vague_waits(const struct vague_waits *waits, const char *label,
			       struct output *out)
{
	struct pieces pieces = {.used = 0};
	if (!waits->count)
		return;
	piece(&pieces, "%zu:", waits->count);
	for (size_t i = 0; i < waits->type_count; i++)
		piece(&pieces, "%s %zu %s", i ? "," : "", waits->types[i].count,
		      waits->types[i].type);
	if (waits->others)
		piece(&pieces, ", %zu of other types", waits->others);
	fact_text(out, label, pieces.text);
}

/* What tasks wait for is a matter of knowing the classes that they wait with: those that are missing
 * are worth a report. */
static void render_waits(const struct aiodbg_snapshot *snap, struct output *out)
{
	struct vague_waits unknown = {.count = 0}, futures = {.count = 0};
	for (size_t i = 0; snap->waits && i < snap->tasks.count && output_goes_on(out); i++) {
		const struct wait *wait = &snap->waits->of_tasks[i];
		const char *type = wait->future_type ? wait->future_type : "type not known";
		if (!task_is_pending(snap->tasks.items[i]) || !wait->blocked)
			continue;
		if (wait->kind == WAIT_UNKNOWN)
			count_wait(&unknown, type);
		else if (wait->kind == WAIT_FUTURE && !wait->object && !wait->kept_in)
			count_wait(&futures, type);
	}
	render_vague_waits(&unknown, "waits not known", out);
	render_vague_waits(&futures, "wait for a future", out);
}

/* ---- what could not be read ---- */

static void render_findings(const struct doctor *doctor, struct output *out)
{
	static const char *const gaps[GAP_COUNT] = {
		[GAP_NOWHERE] = "where nothing is mapped",
		[GAP_LOST] = "in memory that the core should have",
		[GAP_FILE] = "in mapped files",
		[GAP_LEFT_OUT] = "in memory that the core was written without",
		[GAP_UNKNOWN] = "in memory of which nothing is known",
		[GAP_NOT_ASKED] = "behind too many others to ask where they are",
	};
	section(out, "Could not be read");
	for (size_t i = 0; i < doctor->causes.count; i++) {
		const struct cause *cause = &doctor->causes.items[i];
		struct pieces pieces = {.used = 0};
		char label[32];
		snprintf(label, sizeof(label), "%zu time%s", cause->count, plural(cause->count));
		piece(&pieces, "%s", cause->text);
		for (size_t k = 0; k < cause->address_count; k++)
			piece(&pieces, "%s0x%" PRIx64, k ? ", " : "; at ", cause->addresses[k]);
		fact_text(out, label, pieces.text);
	}
	if (doctor->causes.others)
		fact(out, "and", "%zu of other kinds; see the errors in `asyncio ps --json`",
		     doctor->causes.others);
	for (int i = 0; i < GAP_COUNT; i++) {
		if (doctor->gaps[i].count)
			fact(out, "addresses", "%zu %s, such as 0x%" PRIx64, doctor->gaps[i].count,
			     gaps[i], doctor->gaps[i].first);
	}
	for (size_t i = 0; i < doctor->file_count; i++)
		fact_text(out, "missing file", doctor->files[i]);
}

int render_doctor(const struct view *view, struct output *out)
{
	const struct doctor *doctor = view->doctor;
	output_format(out, "aiodbg %s, interface %u\n", AIODBG_VERSION, AIODBG_INTERFACE);
	render_result(doctor, out);
	render_target(doctor, out);
	if (doctor->dbg && doctor->dbg->runtime.searches[SEARCH_RUNTIME_SECTION].tried)
		render_searches(doctor, out);
	if (doctor->snap) {
		render_runtime(doctor, out);
		render_layout(doctor, out);
		render_interpreters(doctor->snap, out);
		render_thread_list(doctor->snap, out);
		render_tasks(doctor->snap, out);
	}
	if (doctor->snap && doctor->waits)
		render_waits(doctor->waits, out);
	if (doctor->causes.count || doctor->error.code == AIODBG_FAULT)
		render_findings(doctor, out);
	return 0;
}
