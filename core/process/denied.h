/* SPDX-License-Identifier: MIT */
/*
 * Why the system does not let us read a process, and what to do about it.
 *
 * The kernel says no more than EPERM. What it looked at is known, though, and may be looked
 * at by anybody: ptrace(2), "Ptrace access mode checking", and the kernel's
 * Documentation/admin-guide/LSM/Yama.rst.
 */
#ifndef PROCESS_DENIED_H
#define PROCESS_DENIED_H

#include "aiodbg.h"

/* What the kernel looks at. */
struct denied_facts {
	/* User, group and capabilities: ours, and those of the process. */
	struct denied_identity {
		/* Real, effective, saved. */
		uint32_t uid[3], gid[3];
		uint64_t permitted, effective;
	} own, other;
	/* The process lets itself be read: PR_SET_DUMPABLE in prctl(2). */
	bool dumpable;
	/* In the same user namespace as we are. */
	bool same_namespace;
	/* kernel.yama.ptrace_scope; 0 without Yama. */
	int ptrace_scope;
};

/* Take users, groups and capabilities from the text of /proc/PID/status; false if it is another. */
bool denied_parse_status(const char *text, struct denied_identity *ret);

/* What forbids it, and what to do: one line. ret has size bytes. */
void denied_reason(const struct denied_facts *facts, char *ret, size_t size);

/* Set AIODBG_DENIED, with the reason. proc is an open folder /proc/PID. Returns it. */
int denied_why(int proc, uint32_t pid, struct aiodbg_error *err);

#endif
