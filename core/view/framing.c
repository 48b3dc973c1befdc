/* SPDX-License-Identifier: MIT */
/* Which frames are shown. See view/framing.h. */
#include "view/framing.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "snapshot/stacks.h"

#include <string.h>

/* Packages of a run that are named. */
#define PACKAGES_SHOWN 4

/* ---- the program ---- */

static void meet(struct framing *framing, const struct code *code)
{
	const char *path = code->filename;
	if (!framing->folder) {
		framing->folder = path;
		framing->folder_len = strlen(path);
	}
	framing->folder_len = own_common_folder(framing->folder, path, framing->folder_len);
}

static int meet_all(struct framing *framing, const struct aiodbg_snapshot *snap, struct work *work)
{
	framing->folder = NULL;
	framing->folder_len = 0;
	const struct code *last = NULL;
	struct stack_facts met = {0};
	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		struct stack_fact *fact = stack_facts_at(&met, task->stack);
		int status = work_charge(work, 1 + task->depth / 16);
		if (status)
			return status;
		if (task->depth && fact->stack == task->stack)
			continue;
		fact->stack = task->stack;
		for (size_t k = 0; k < task->depth; k++) {
			const struct code *code = task->stack[k]->code;
			if (code == last || !own_is(&framing->own, code))
				continue;
			meet(framing, code);
			last = code;
		}
	}
	return 0;
}

int framing_init(struct framing *framing, const struct aiodbg_snapshot *snap, bool own_only,
		 struct work *work)
{
	*framing = (struct framing){.own_only = own_only};
	own_of_snapshot(&framing->own, snap, true);
	return meet_all(framing, snap, work);
}

void framing_deinit(struct framing *framing)
{
	own_deinit(&framing->own);
}

/* ---- frames ---- */

/* Frames that always stay, of a stack: outermost and innermost ones. */
struct kept {
	size_t outer, inner;
	/* A task: frames that others which it has started hang from. */
	const struct task *task;
};

static bool hangs_from(const struct task *task, size_t frame)
{
	for (size_t i = 0; task && i < task->awaited_count; i++) {
		const struct edge *edge = task->awaited[task->awaited_count - 1 - i];
		if (edge_waits(edge))
			break;
		if (edge->frame == frame)
			return true;
	}
	return false;
}

static bool stays(struct framing *framing, const struct location *const *stack, size_t depth,
		  const struct kept *kept, size_t index)
{
	return index < kept->inner || index >= depth - kept->outer ||
	       own_is(&framing->own, stack[index]->code) || hangs_from(kept->task, index);
}

bool framing_apply(struct framing *framing, const struct location *const *stack, size_t depth,
		   const struct task *task, struct shown_frames *ret)
{
	struct kept kept = {.inner = 1, .task = task};
	size_t own = 0, run = 0;
	ret->count = 0;
	for (size_t i = 0; framing->own_only && i < depth; i++)
		own += own_is(&framing->own, stack[i]->code);
	if (!framing->own_only)
		kept.inner = depth;
	else if (!own)
		kept = (struct kept){.outer = depth < 1 ? depth : 1, .inner = 2, .task = task};
	for (size_t i = depth; i > 0; i--) {
		bool is_hidden = !stays(framing, stack, depth, &kept, i - 1);
		run += is_hidden;
		/* A run ends in front of what stays; one that is a single frame may as well be shown. */
		if (!is_hidden && run) {
			const struct shown_frame hidden = {i - 1 + run, run};
			if (!array_push(ret, hidden))
				return false;
			run = 0;
		}
		const struct shown_frame shown = {i - 1, 1};
		if (!is_hidden && !array_push(ret, shown))
			return false;
	}
	return true;
}

/* ---- words ---- */

void framing_write_run(struct output *out, const struct framing *framing,
		       const struct location *const *stack, const struct shown_frame *run)
{
	struct {
		const char *name;
		size_t len;
	} packages[PACKAGES_SHOWN + 1];
	size_t count = 0;
	output_role(out, AIODBG_ROLE_LIBRARY);
	output_format(out, "... %zu frames", run->count);
	for (size_t i = 0; i < run->count && count <= PACKAGES_SHOWN; i++) {
		size_t len, k = 0;
		const char *path = stack[run->first - i]->code->filename;
		const char *name = own_package(&framing->own, path, &len);
		while (k < count &&
		       (packages[k].len != len || memcmp(packages[k].name, name, len) != 0))
			k++;
		if (!len || k < count)
			continue;
		packages[count].name = name;
		packages[count++].len = len;
	}
	for (size_t i = 0; i < count && i < PACKAGES_SHOWN; i++) {
		char name[LIMIT_NAME_SHOWN];
		size_t len = packages[i].len < sizeof(name) ? packages[i].len : sizeof(name) - 1;
		memcpy(name, packages[i].name, len);
		name[len] = '\0';
		output_text(out, i ? ", " : ": ");
		output_safe(out, name, sizeof(name));
	}
	if (count > PACKAGES_SHOWN)
		output_text(out, ", ...");
	output_plain(out);
}

const char *framing_path(const struct framing *framing, const struct code *code)
{
	const char *path = code->filename;
	size_t len = framing->folder_len;
	if (!path)
		return NULL;
	const char *part = own_short_path(&framing->own, path);
	if (part == path && framing->folder && !strncmp(path, framing->folder, len))
		part = path + len;
	return part;
}
