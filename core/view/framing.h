/* SPDX-License-Identifier: MIT */
/*
 * Which frames of a stack are shown: all, or the program's own with what is between them counted. A
 * run of two or more library frames is one line; the innermost frame always stays, and of a stack that
 * has no own frame the outermost and the innermost two.
 */
#ifndef VIEW_FRAMING_H
#define VIEW_FRAMING_H

#include "base/array.h"
#include "base/output.h"
#include "snapshot/model.h"
#include "snapshot/own.h"

/* A frame, its index in the stack being first; or a run of count frames, from that on inwards. */
struct shown_frame {
	size_t first, count;
};

ARRAY(shown_frames, struct shown_frame);

struct framing {
	struct own own;
	/* The library's frames are counted only. */
	bool own_only;
	/* The folder that all own files of the tasks are in, with its slash. */
	const char *folder;
	size_t folder_len;
};

/* Begin with all tasks of a snapshot that has what AIODBG_WANT_OWN asks for.
 * Returns 0 or what work_charge() does; framing_deinit() is needed in any case. */
int framing_init(struct framing *framing, const struct aiodbg_snapshot *snap, bool own_only,
		 struct work *work);
void framing_deinit(struct framing *framing);

/*
 * The frames that are shown of a stack, outermost first. Those that a task which is started in one of
 * them hangs from are; task may be NULL. False: no memory.
 */
bool framing_apply(struct framing *framing, const struct location *const *stack, size_t depth,
		   const struct task *task, struct shown_frames *ret);

/* "... 14 frames: fastapi, starlette, anyio". */
void framing_write_run(struct output *out, const struct framing *framing,
		       const struct location *const *stack, const struct shown_frame *run);

/* The path of a file, below its package or the folder of the program. */
const char *framing_path(const struct framing *framing, const struct code *code);

#endif
