/* SPDX-License-Identifier: MIT */
/* Parents and children. See process/family.h. */
#include "process/family.h"

#include "base/ceilings.h"
#include "process/proc_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the flags of /proc/PID/stat: PF_FORKNOEXEC in include/linux/sched.h. */
#define FORKED_NO_EXEC 0x00000040u

static int open_folder(uint32_t pid)
{
	char name[32];
	snprintf(name, sizeof(name), "/proc/%" PRIu32, pid);
	return open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool read_file(uint32_t pid, const char *name, char **ret)
{
	int folder = open_folder(pid);
	if (folder < 0)
		return false;
	int error = proc_file_read(folder, name, LIMIT_PROC_FILE, ret);
	close(folder);
	return !error;
}

uint32_t family_inner_pid(uint32_t pid)
{
	char *text;
	uint32_t inner = 0;
	if (!read_file(pid, "status", &text))
		return 0;
	/* One for each namespace, the innermost last. */
	const char *field = proc_file_field(text, "NSpid");
	for (; field && *field && *field != '\n'; field += strspn(field, " \t")) {
		char *end;
		unsigned long value = strtoul(field, &end, 10);
		if (end == field)
			break;
		inner = (uint32_t)value;
		field = end;
	}
	free(text);
	return inner;
}

int family_is_forked(uint32_t pid)
{
	char *text;
	uint32_t flags;
	if (!read_file(pid, "stat", &text))
		return -1;
	/* The name stands before, in parentheses, and may be anything. */
	const char *end = strrchr(text, ')');
	bool known = end && sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %" SCNu32, &flags) == 1;
	free(text);
	return known ? (flags & FORKED_NO_EXEC) != 0 : -1;
}
