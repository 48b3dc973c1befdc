/* SPDX-License-Identifier: MIT */
/* Why a process may not be read. See process/denied.h. */
#include "process/denied.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "process/proc_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As in the kernel's headers, which a system without glibc need not have. */
#ifndef CAP_SYS_PTRACE
#define CAP_SYS_PTRACE 19
#endif

static bool parse_ids(const char *text, const char *key, uint32_t *ret)
{
	const char *at = proc_file_field(text, key);
	return at && sscanf(at, "%" SCNu32 " %" SCNu32 " %" SCNu32, &ret[0], &ret[1], &ret[2]) == 3;
}

static bool parse_mask(const char *text, const char *key, uint64_t *ret)
{
	const char *at = proc_file_field(text, key);
	return at && sscanf(at, "%" SCNx64, ret) == 1;
}

bool denied_parse_status(const char *text, struct denied_identity *ret)
{
	return parse_ids(text, "Uid", ret->uid) && parse_ids(text, "Gid", ret->gid) &&
	       parse_mask(text, "CapPrm", &ret->permitted) &&
	       parse_mask(text, "CapEff", &ret->effective);
}

/* All ids of the process have to be our effective one. */
static bool same_ids(const uint32_t *own, const uint32_t *other)
{
	for (int i = 0; i < 3; i++) {
		if (other[i] != own[1])
			return false;
	}
	return true;
}

/* In the order in which one of them makes the next one matter. */
void denied_reason(const struct denied_facts *facts, char *ret, size_t size)
{
	const struct denied_identity *own = &facts->own, *other = &facts->other;
	bool can_trace = own->effective & 1ull << CAP_SYS_PTRACE;
	bool same_user = same_ids(own->uid, other->uid);
	if (facts->ptrace_scope >= 3)
		snprintf(ret, size,
			 "kernel.yama.ptrace_scope is %d, so nobody may: start the machine with "
			 "another value",
			 facts->ptrace_scope);
	else if (can_trace && !facts->same_namespace)
		snprintf(ret, size,
			 "it is in another user namespace, where this one has no rights: run the "
			 "debugger as root outside of the container");
	else if (can_trace)
		snprintf(ret, size,
			 "a security module such as AppArmor or SELinux, or a sandbox, must have "
			 "forbidden it: see the kernel's log");
	else if (!same_user && own->uid[1] == 0)
		snprintf(ret, size,
			 "you are root without the capability CAP_SYS_PTRACE, as in a container: "
			 "start that with --cap-add=SYS_PTRACE");
	else if (!same_user)
		snprintf(ret, size,
			 "it runs as uid %" PRIu32 ", you are uid %" PRIu32
			 ": run the debugger as that user or as root",
			 other->uid[1], own->uid[1]);
	else if (!same_ids(own->gid, other->gid))
		snprintf(ret, size,
			 "it runs as gid %" PRIu32 ", you are gid %" PRIu32
			 ": run the debugger as root",
			 other->gid[1], own->gid[1]);
	else if (!facts->dumpable)
		snprintf(ret, size,
			 "it is protected, because it changed its user, has a file that one may "
			 "only execute, or asked for it (PR_SET_DUMPABLE): run the debugger as "
			 "root");
	else if (other->permitted & ~own->effective)
		snprintf(ret, size,
			 "it has capabilities that you have not (CapPrm %" PRIx64
			 "): run the debugger as root",
			 other->permitted);
	else if (facts->ptrace_scope > 0)
		snprintf(ret, size,
			 "kernel.yama.ptrace_scope is %d, so %s may: run the debugger as root, or "
			 "`sysctl kernel.yama.ptrace_scope=0`",
			 facts->ptrace_scope,
			 facts->ptrace_scope == 1 ? "only its ancestors" : "only root");
	else
		snprintf(ret, size,
			 "a security module such as AppArmor or SELinux, or a sandbox, must have "
			 "forbidden it: try as root");
}

static bool read_identity(int folder, const char *name, struct denied_identity *ret)
{
	char *text;
	if (proc_file_read(folder, name, LIMIT_PROC_FILE, &text))
		return false;
	bool good = denied_parse_status(text, ret);
	free(text);
	return good;
}

/* Namespaces themselves may be compared only by those who may read the process. */
static bool has_own_id_map(int proc)
{
	char *own, *other;
	bool same = true;
	if (proc_file_read(AT_FDCWD, "/proc/self/uid_map", LIMIT_PROC_FILE, &own))
		return true;
	if (!proc_file_read(proc, "uid_map", LIMIT_PROC_FILE, &other)) {
		same = !strcmp(own, other);
		free(other);
	}
	free(own);
	return same;
}

static int read_ptrace_scope(void)
{
	char *text;
	if (proc_file_read(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", LIMIT_PROC_FILE, &text))
		return 0;
	int scope = atoi(text);
	free(text);
	return scope;
}

int denied_why(int proc, uint32_t pid, struct aiodbg_error *err)
{
	struct denied_facts facts = {.same_namespace = has_own_id_map(proc)};
	struct stat maps;
	char reason[AIODBG_MESSAGE_MAX];
	if (!read_identity(AT_FDCWD, "/proc/self/status", &facts.own) ||
	    !read_identity(proc, "status", &facts.other))
		return error_set(err, AIODBG_DENIED,
				 "no permission to read process %" PRIu32
				 ", and /proc does not tell why: run the debugger as root",
				 pid);
	/* Files of a process that is not dumpable are root's. */
	facts.dumpable = fstatat(proc, "maps", &maps, 0) || maps.st_uid == facts.other.uid[1];
	facts.ptrace_scope = read_ptrace_scope();
	denied_reason(&facts, reason, sizeof(reason));
	return error_set(err, AIODBG_DENIED, "no permission to read process %" PRIu32 ": %.300s",
			 pid, reason);
}
