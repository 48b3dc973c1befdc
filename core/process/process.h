/* SPDX-License-Identifier: MIT */
/*
 * A process of this machine as a target, from nothing but its id: no debugger, no ptrace(2),
 * and without stopping it.
 *
 * /proc/PID tells what is mapped where; the ELF files behind that are read as the process sees
 * them, in a container or chroot, deleted or replaced since. Everything is reached through one
 * open folder /proc/PID and one open /proc/PID/mem, which belong to the process and its memory
 * and not to the number: once those are gone, nothing else is read in their place.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include "aiodbg.h"

struct process;

/*
 * Of options, which may be NULL, interrupted counts. Errors: AIODBG_NO_PROCESS, AIODBG_DENIED,
 * AIODBG_UNSUPPORTED for what has no memory of a program, AIODBG_INVALID for a number that is
 * no process id.
 */
int process_create(uint32_t pid, const struct aiodbg_options *options, struct aiodbg_error *err,
		   struct process **ret);
void process_destroy(struct process *process);

/* Valid as long as the process. */
const struct aiodbg_target *process_target(const struct process *process);

/*
 * To be called after work with the target that ended with status and err. What was read is
 * worth nothing, and what failed has another reason, if the process has ended meanwhile or
 * runs another program: then this says so and returns AIODBG_NO_PROCESS, else status.
 */
int process_check(struct process *process, int status, struct aiodbg_error *err);

/* Whether there were too many mapped ELF files, or too large ones, to look into all of them: then
 * *err says so. */
bool process_skipped(const struct process *process, struct aiodbg_error *err);

/* Put "process PID (its executable): " in front of the message. */
void process_prefix(const struct process *process, struct aiodbg_error *err);

#endif
