/* SPDX-License-Identifier: MIT */
/*
 * An examination of a target: what was looked for, what was found, what could not be read, why
 * that may be, and what to do. What prints it is render/doctor.c.
 *
 * An examination that finds nothing is one that has something to tell: only what ends all work,
 * such as a lack of memory, makes it fail.
 */
#ifndef SESSION_DOCTOR_H
#define SESSION_DOCTOR_H

#include "session/session.h"
#include "snapshot/causes.h"
#include "snapshot/model.h"

/* Where memory lies that could not be read. */
enum gap {
	/* Where nothing is mapped, so the address is wrong. */
	GAP_NOWHERE,
	/* Where something should be: the core has been cut. */
	GAP_LOST,
	/* In a file that was mapped, which the core does not hold. */
	GAP_FILE,
	/* In memory without a file that the core does not hold. */
	GAP_LEFT_OUT,
	/* Nothing is known of it. */
	GAP_UNKNOWN,
	/* There are so many others that nobody was asked. */
	GAP_NOT_ASKED,
	GAP_COUNT,
};

#define DOCTOR_FILES 8
#define DOCTOR_MAPPINGS 64
#define DOCTOR_CONCLUSIONS 8

/* What is likely, and what to do about it. */
struct conclusion {
	char cause[2 * AIODBG_FILE_MAX];
	char advice[2 * AIODBG_FILE_MAX];
};

struct doctor {
	/* NULL if the process with that id could not be opened. */
	struct aiodbg *dbg;
	/* What was asked for, or 0. */
	uint32_t pid;
	/* NULL if there is none, for this reason. */
	struct aiodbg_snapshot *snap;
	struct aiodbg_error error;
	/* The same with what tasks wait for; NULL if that cannot be read. Reads for it are not
	 * counted. */
	struct aiodbg_snapshot *waits;
	/* What the target lists as readable, how much of that is writable, and in a core the
	 * regions that cannot be read, or not to their end. */
	struct {
		size_t regions, writable, lost, writable_lost;
		uint64_t bytes, writable_bytes, lost_bytes, first_lost;
		/* There are more. */
		bool cut;
	} memory;
	/* The files that the runtime and asyncio's offsets are in; empty if that is not known. */
	char runtime_file[AIODBG_FILE_MAX], asyncio_file[AIODBG_FILE_MAX];
	/* Problems of the snapshot and its tasks. */
	struct causes causes;
	/* Unreadable addresses in them, and the first of each kind. */
	struct {
		size_t count;
		uint64_t first;
	} gaps[GAP_COUNT];
	/* What the target has said of them, and how often it was asked. */
	struct {
		uint64_t start, end;
		enum gap gap;
	} mappings[DOCTOR_MAPPINGS];
	size_t mapping_count, asked;
	/* Files that such are in. */
	char files[DOCTOR_FILES][AIODBG_FILE_MAX];
	size_t file_count;
	/* A file that the debugger takes for one of the core's; no name if there is none. */
	struct aiodbg_other_file other_file;
	/* Objects that are not what they should be. */
	size_t corrupt_count;
	/* Without a runtime: what a search in memory finds although names led elsewhere; 0 if
	 * nothing. And what it is instead of a CPython that we know; or NULL. */
	uint64_t elsewhere;
	uint32_t elsewhere_version;
	const char *other;
	struct conclusion conclusions[DOCTOR_CONCLUSIONS];
	size_t conclusion_count;
};

/*
 * Examine the process with that id or, if it is 0, the target. *ret is to be deinitialised in
 * any case. Errors: AIODBG_INVALID for what cannot be a target, AIODBG_NO_MEMORY,
 * AIODBG_INTERRUPTED, and what callbacks return.
 */
int doctor_init(struct doctor *ret, const struct aiodbg_target *target, uint32_t pid,
		const struct aiodbg_options *options, struct aiodbg_error *err);
void doctor_deinit(struct doctor *doctor);

#endif
